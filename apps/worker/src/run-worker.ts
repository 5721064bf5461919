import { readFileSync } from 'node:fs';
import { loadWorkerConfig, processEnvironment, readVersion } from '#config';
import { AppError } from '#contracts';
import { createLog } from '#logging';
import type { Tuning } from './core/tuning.js';
import { WorkerLog } from './logging/worker-log.js';
import { HazinaWorker } from './worker.js';

const exitCodes = { done: 0, unexpected: 1, configuration: 3, interrupted: 130, terminated: 143 } as const;
/** npm and shells send a signal to the whole group and pass it on besides: the same once more so soon is the same one. */
const sameSignalMs = 1_000;
/** What a person has to put right before a start makes sense. */
const configurationCodes = [
  ...['config/invalid', 'keys/refused', 'keys/none-set', 'store/changed'],
  ...['keys/secret-access-denied', 'keys/secret-not-found'],
];

/** The process: configuration, signals, exit codes. Only tests give times of their own. */
export async function runWorker(tuning: Partial<Tuning> = {}): Promise<void> {
  const version = readVersion();
  // Without somebody who listens it would end the process.
  let reload = (): void => undefined;
  process.on('SIGHUP', () => reload());
  const load = () =>
    loadWorkerConfig({ environment: processEnvironment(), readFile: readFileSync, workingDirectory: process.cwd() });
  const config = await load();
  const log = new WorkerLog(createLog({ service: 'hazina-worker', level: config.logLevel, version }));
  const worker = new HazinaWorker({ config, version, log, tuning, load });
  reload = () => void worker.reload();
  const ending = endOnSignals(worker, log);
  try {
    await worker.listen();
    await worker.begin();
  } catch (error) {
    // A start that a signal ended is an orderly end.
    if (ending.begun()) return;
    log.failure('cannot start', error, 'config');
    await worker.end().catch(() => undefined);
    fail(error);
  }
}

/** The first signal ends in order; another one, unless it is the echo of the first, at once. */
function endOnSignals(worker: HazinaWorker, log: WorkerLog): { begun(): boolean } {
  let first: { readonly signal: string; readonly at: number } | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      const at = performance.now();
      if (first === undefined) {
        first = { signal, at };
        log.info('ending', { signal });
        worker.end().then(
          () => process.exit(exitCodes.done),
          (error: unknown) => fail(error),
        );
      } else if (signal !== first.signal || at - first.at > sameSignalMs) {
        process.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated);
      }
    });
  }
  return { begun: () => first !== undefined };
}

/** In plain text besides: there may be no log yet, or nobody who reads it. */
export function fail(thrown: unknown): never {
  const error = AppError.from(thrown, 'config');
  const hint = error.hint === undefined ? '' : `\n${error.hint}.`;
  process.stderr.write(`The worker cannot start: ${error.message}${hint}\n`);
  process.exit(configurationCodes.includes(error.code) ? exitCodes.configuration : exitCodes.unexpected);
}
