import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { waitUntil } from '../services/wait-until.js';
import { childEnvironment } from './child-environment.js';
import { programOf } from './program-of.js';
import type { LogLine } from './worker-world.js';

/** A worker as users start it: a process of its own, from the build. */
export class WorkerProcess {
  readonly lines: LogLine[] = [];
  stderr = '';
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | string>;

  constructor(environment: Readonly<Record<string, string>>, cwd: string) {
    this.#child = spawn(process.execPath, [programOf('worker')], {
      ...{ cwd, env: childEnvironment(environment), stdio: ['ignore', 'pipe', 'pipe'] },
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('no pipes');
    createInterface({ input: stdout }).on('line', (line) => this.lines.push(JSON.parse(line) as LogLine));
    stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#exit = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  /** The exit code, or the name of the signal that ended it. */
  get exit(): Promise<number | string> {
    return this.#exit;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async line(msg: string, timeoutMs = 20_000): Promise<LogLine> {
    return waitUntil(() => this.lines.find((line) => line.msg === msg), {
      ...{ what: `the line "${msg}"`, timeoutMs },
      onTimeout: () => `${this.lines.map((line) => JSON.stringify(line)).join('\n')}\n${this.stderr}`,
    });
  }

  /** Ends it if it still runs. */
  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#exit;
  }
}
