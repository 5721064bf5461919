import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { AppError, signalGroup, systemCode } from '#contracts';
import { atExit } from './at-exit.js';
import { endWithUs } from './end-with-us.js';
import { Tail } from './tail.js';

export interface ToolExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ToolOptions {
  /** With a pipe to its input and none from its output, or the other way round. */
  readonly input: boolean;
  readonly searchPath: string;
  /** Inherited as descriptor 3. */
  readonly config?: number;
  /** Of the errors. */
  readonly stage: 'probe' | 'dump' | 'load';
  /** Told every line that it says on stderr. */
  readonly onLine?: (line: string) => void;
}

/** An official tool as a child process: own process group, no input unless asked for, an environment without secrets. */
export class ToolProcess {
  readonly #child: ChildProcess;
  readonly tail: Tail;
  /** Its end: pipes drained, exit known. Rejects when it could not be started. */
  readonly closed: Promise<ToolExit>;
  #ended = false;

  /** Throws `engine/not-found` and `engine/failed`; some failures to start show only in `closed`. */
  static start(name: string, path: string, args: readonly string[], options: ToolOptions): ToolProcess {
    try {
      return new ToolProcess(name, path, args, options);
    } catch (error) {
      throw cannotStart(name, error, options.stage);
    }
  }

  private constructor(
    private readonly name: string,
    path: string,
    args: readonly string[],
    private readonly options: ToolOptions,
  ) {
    this.#child = spawn(path, [...args], {
      stdio: [
        options.input ? 'pipe' : 'ignore',
        options.input ? 'ignore' : 'pipe',
        'pipe',
        ...(options.config === undefined ? [] : [options.config]),
      ],
      // A group of its own: whatever it starts ends with it.
      detached: true,
      env: { PATH: options.searchPath, HOME: '/nonexistent', LANG: 'C' },
    });
    const forget = atExit(() => this.#signal('SIGKILL'));
    const endWatch = this.#child.pid === undefined ? undefined : endWithUs(this.#child.pid);
    // At its exit and not at the end of its pipes: from now on its number may be another's.
    this.#child.once('exit', () => endWatch?.());
    this.closed = new Promise<ToolExit>((resolve, reject) => {
      this.#child.once('error', (error) => reject(cannotStart(name, error, options.stage)));
      this.#child.once('close', (code, signal) => resolve({ code, signal }));
    }).finally(() => {
      this.#ended = true;
      forget();
    });
    this.closed.catch(() => undefined);
    this.tail = new Tail(pipeOf(this.#child.stderr), options.onLine);
  }

  get stdout(): Readable {
    return pipeOf(this.#child.stdout);
  }

  get stdin(): Writable {
    return pipeOf(this.#child.stdin);
  }

  /** Asks the whole group to end, and after the grace ends it. Resolves when the tool is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#signal('SIGTERM');
    const timer = setTimeout(() => this.#kill(), graceMs);
    await this.closed.catch(() => undefined);
    clearTimeout(timer);
    // What the tool may have started itself.
    this.#signal('SIGKILL');
  }

  /** What a bad end means; undefined for a good one (code 0, no signal). */
  failure({ code, signal }: ToolExit): AppError | undefined {
    if (code === 0 && signal === null) return undefined;
    const said = this.tail.lastLines(3);
    const { stage } = this.options;
    // A dump can be made anew; a load has written something.
    const retry = stage === 'dump' ? 'retry' : 'no-retry';
    if (signal !== null) {
      return new AppError({
        code: 'engine/killed',
        stage,
        retry,
        message: `${this.name} was killed by ${signal}${signal === 'SIGKILL' ? ' (out of memory?)' : ''}${said === '' ? '' : `; it last said: ${said}`}`,
        hint: 'Look at the system log for the out-of-memory killer, and at who stopped it',
      });
    }
    return new AppError({
      code: 'engine/failed',
      stage,
      retry,
      message: `${this.name} ended with exit code ${code ?? 'none'}: ${said === '' ? 'it said nothing' : said}`,
      hint: 'Its last words tell the cause; --engine native works without it',
    });
  }

  #kill(): void {
    this.#signal('SIGKILL');
    // Somebody outside of the group may hold the other ends.
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) pipe?.destroy();
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined || (this.#ended && signal !== 'SIGKILL')) return;
    signalGroup(this.#child.pid, signal);
  }
}

function cannotStart(name: string, error: unknown, stage: ToolOptions['stage']): AppError {
  return new AppError({
    code: systemCode(error) === 'ENOENT' ? 'engine/not-found' : 'engine/failed',
    stage,
    message: `${name} cannot be started (${systemCode(error) ?? 'unknown'})`,
    hint: 'Install the MongoDB Database Tools for this machine, or use --engine native',
    cause: error,
  });
}

/** A pipe that was asked for is there, unless the process could not be started. */
function pipeOf<T>(stream: T | null | undefined): T {
  if (stream === null || stream === undefined) throw new Error('the tool was started without this pipe');
  return stream;
}
