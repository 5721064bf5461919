import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What a double saw of itself. */
export interface SeenByDouble {
  readonly pid: number;
  /** A child that it started in its own group. */
  readonly child: number | null;
  readonly argv: readonly string[];
  readonly environ: string;
  readonly cmdline: string;
  /** What it read at `--config`. */
  readonly config: string;
  /** Private files that lay about while it ran. */
  readonly tmp: readonly string[];
}

/** What a double of mongorestore does (test/support/tool-double.mjs). */
export interface RestoreBehaviour {
  /** Bytes of the input that it takes; default all. */
  readonly reads?: number;
  readonly begins?: readonly string[];
  /** Lines that it says when it has taken them. */
  readonly says?: readonly string[];
  readonly exit?: number | NodeJS.Signals | 'hangs' | 'ignores-term';
  readonly repeats?: string;
  readonly [more: string]: unknown;
}

/** A folder with doubles of mongodump and mongorestore that misbehave on command, and one for their private files. */
export class ToolDoubles {
  readonly folder: string;
  readonly tmp: string;
  /** The PATH of the doubles: their own folder, and that of Node. */
  readonly searchPath: string;

  constructor(parent = tmpdir()) {
    this.folder = mkdtempSync(join(parent, 'hazina-doubles-'));
    this.tmp = join(this.folder, 'tmp');
    this.searchPath = `${this.folder}:${dirname(process.execPath)}:/usr/bin:/bin`;
    mkdirSync(this.tmp);
    for (const name of ['mongodump', 'mongorestore'])
      copyFileSync(join(import.meta.dirname, 'tool-double.mjs'), join(this.folder, name));
  }

  behave(behaviour: string, more: Readonly<Record<string, unknown>> = {}): void {
    writeFileSync(join(this.folder, 'behaviour.json'), JSON.stringify({ behaviour, ...more }));
  }

  restore(behaviour: RestoreBehaviour): void {
    this.behave('restore', behaviour);
  }

  seen(): SeenByDouble {
    return JSON.parse(readFileSync(join(this.folder, 'seen.json'), 'utf8')) as SeenByDouble;
  }

  get wasStarted(): boolean {
    return existsSync(join(this.folder, 'seen.json'));
  }

  /** It has said what it had to say. */
  get hasSaid(): boolean {
    return existsSync(join(this.folder, 'said.json'));
  }

  /** Processes of the double that live, and private files that are there: nothing after the end of a run. */
  leftovers(): string[] {
    const { pid, child } = this.wasStarted ? this.seen() : { pid: null, child: null };
    const alive = [pid, child].filter((id) => id !== null && isAlive(id)).map((id) => `process ${String(id)}`);
    return [...alive, ...readdirSync(this.tmp)];
  }

  /** Ends what a failed test left running. */
  close(): void {
    if (this.wasStarted) {
      const { pid } = this.seen();
      try {
        if (this.leftovers().some((left) => left.startsWith('process'))) process.kill(-pid, 'SIGKILL');
      } catch {
        // It is gone.
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Runs; a zombie that nobody has waited for does not. */
function isAlive(pid: number): boolean {
  try {
    const [, state] = /^\d+ \(.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state !== 'Z';
  } catch {
    return false;
  }
}
