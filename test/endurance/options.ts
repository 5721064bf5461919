import { parseArgs } from 'node:util';

export const defaultSeed = 20261130;

export const help = `npm run test:endurance -- [--seed N] [--minutes M] [--workers N] [--keep]

Runs a whole installation on real services (two APIs, workers, a Redis of its own, a bucket, catalogue and sources
behind proxies) for so many minutes, lets a random driver use it as people do, and breaks things all the while:
processes are killed, frozen and ended, Redis restarts and forgets, connections are cut, slowed and swallowed, the
store answers 503, loses replies, resets requests, and stored objects are flipped and removed behind its back.
A model knows what was promised: every reply of the API, every pin, every deletion, the sources' documents at every
moment. It is compared with the catalogue every second, and with everything when all faults are over.

  --seed N       the choices of the run; the same seed makes the same choices (default ${defaultSeed})
  --minutes M    how long things are broken; the checks afterwards take some minutes more (default 3, fractions allowed)
  --workers N    worker processes, 2 to 4 (default 3)
  --keep         keep the folder of the run (timeline, logs of every process) also when nothing was found

Prints the seed first, a line every 10 s, and a table at the end: actions, faults, backups by state, checks,
violations. Every violation is named, with the steps that led to it. Exit code 0: none; 1: some; 2: bad arguments.
What must be true: docs/reliability.md. To look into a violation: the folder that is printed holds timeline.log and
the log of every process; grep for the backup's ID.
`;

export interface Options {
  readonly seed: number;
  readonly minutes: number;
  readonly workers: number;
  readonly keep: boolean;
}

/** Null: help was asked for. Throws an Error whose message is for people. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: String(defaultSeed) },
      minutes: { type: 'string', default: '3' },
      workers: { type: 'string', default: '3' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  return {
    seed: number('--seed', values.seed, 0, 4_294_967_295, true),
    minutes: number('--minutes', values.minutes, 0.1, 1_440, false),
    workers: number('--workers', values.workers, 2, 4, true),
    keep: values.keep,
  };
}

function number(name: string, text: string, least: number, most: number, whole: boolean): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new Error(`${name} must be ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}, not "${text}"`);
}
