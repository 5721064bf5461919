import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { childEnvironment } from './child-environment.js';
import { memoryIsBack, memoryUse, type MemoryUse } from './memory-base.js';
import { programOf } from './program-of.js';
import { projectRoot } from './run-hazina.js';
import { StopWaiting, waitUntil } from '../services/wait-until.js';

/** What may be loaded into a process before its program: `process-probe` tells what memory it holds, `process-clock` lets its wall clock jump. */
export type Preload = 'process-probe' | 'process-clock';
interface Answer {
  readonly answered: string;
  readonly value: unknown;
}

export type LogLine = Readonly<Record<string, unknown>>;

/** An API or a worker as users start it: a process of its own, configured by the environment alone. */
export class ServiceProcess {
  readonly lines: LogLine[] = [];
  /** Output that is no JSON: nothing should write any. */
  readonly text: string[] = [];
  exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  #port = 0;
  #memoryBase: MemoryUse | undefined;
  #print: ((line: string) => void) | undefined;

  private constructor(
    readonly app: 'api' | 'worker',
    readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    child.once('close', (code, signal) => (this.exit = { code, signal }));
    child.once('error', (error) => {
      this.text.push(String(error));
      this.exit ??= { code: null, signal: null };
    });
  }

  /** Spawns it; only PATH and HOME come from our own environment. Ports are free ones. `entry`: another program that runs the app. */
  static spawn(
    app: 'api' | 'worker',
    environment: Readonly<Record<string, string>>,
    entry = programOf(app),
    preloads: readonly Preload[] = [],
  ): ServiceProcess {
    const ports =
      app === 'api' ? { API_PORT: '0', API_HOST: '127.0.0.1' } : { WORKER_PORT: '0', WORKER_HOST: '127.0.0.1' };
    const imports = preloads.map(
      (name) => `--import=${pathToFileURL(join(projectRoot, 'test/support', `${name}.mjs`)).href}`,
    );
    const child = spawn(process.execPath, [...imports, entry], {
      cwd: projectRoot,
      env: childEnvironment({ ...ports, ...environment }),
      stdio: ['ignore', 'pipe', 'pipe', ...(imports.length > 0 ? (['ipc'] as const) : [])],
    });
    return new ServiceProcess(app, child);
  }

  /** Spawns it and waits until it says that it is ready. */
  static async start(
    app: 'api' | 'worker',
    environment: Readonly<Record<string, string>>,
    preloads: readonly Preload[] = [],
    entry?: string,
  ): Promise<ServiceProcess> {
    const service = ServiceProcess.spawn(app, environment, entry, preloads);
    try {
      await service.listening();
      await service.ready();
      if (preloads.includes('process-probe')) service.#memoryBase = await service.memoryKept();
      return service;
    } catch (error) {
      service.child.kill('SIGKILL');
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The end of its log, for messages. */
  get tail(): string {
    return [...this.lines.slice(-15).map((line) => JSON.stringify(line)), ...this.text.slice(-10)].join('\n');
  }

  async listening(timeoutMs?: number): Promise<void> {
    const line = await this.waitForLine((candidate) => candidate['msg'] === 'listening', 'to listen', timeoutMs);
    this.#port = Number(line['port']);
  }

  async ready(): Promise<void> {
    const reply = async (): Promise<boolean> => {
      this.#mustRun();
      return (await fetch(`${this.url}/health/ready`)).ok;
    };
    await waitUntil(reply, { what: `the ${this.app} to be ready`, timeoutMs: 90_000, onTimeout: () => this.tail });
  }

  waitForLine(matches: (line: LogLine) => boolean, what: string, timeoutMs = 90_000): Promise<LogLine> {
    const look = (): LogLine | undefined => {
      const found = this.lines.find(matches);
      if (found === undefined) this.#mustRun();
      return found;
    };
    return waitUntil(look, { what: `the ${this.app} ${what}`, timeoutMs, onTimeout: () => this.tail });
  }

  /** What it holds without its garbage; needs `process-probe`. */
  async memoryKept(): Promise<MemoryUse> {
    return memoryUse((await this.#ask('memory')) as NodeJS.MemoryUsage);
  }

  /** Waits until it holds no more memory than when it was ready (memory-base.ts); one that was started without a probe is not looked at. */
  async memoryIsBack(timeoutMs = 30_000): Promise<void> {
    if (this.#memoryBase === undefined) return;
    try {
      await memoryIsBack(this.#memoryBase, () => this.memoryKept(), timeoutMs);
    } catch (error) {
      throw new Error(`The ${this.app} ${this.pid}`, { cause: error });
    }
  }

  /** Its wall clock is so far ahead from now (or behind); needs `process-clock`. Gives what it shows. */
  async jump(aheadMs: number): Promise<Date> {
    return new Date((await this.#ask('clock', aheadMs)) as number);
  }

  /** Sends a signal and waits for the end; SIGKILL when it does not end in time, which is an error. */
  async stop(
    signal: NodeJS.Signals = 'SIGTERM',
    timeoutMs = 30_000,
  ): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (this.exit === undefined) this.child.kill(signal);
    try {
      return await waitUntil(() => this.exit, {
        what: `the ${this.app} to end on ${signal}`,
        timeoutMs,
        onTimeout: () => this.tail,
      });
    } catch (error) {
      this.child.kill('SIGKILL');
      throw error;
    }
  }

  /** Passes every line on, from now. */
  echo(print: (line: string) => void): void {
    this.#print = print;
  }

  ended(): Promise<void> {
    return new Promise((resolve) => {
      if (this.exit === undefined) this.child.once('close', () => resolve());
      else resolve();
    });
  }

  async #ask(asked: string, value: unknown = null): Promise<unknown> {
    let answer: Answer | undefined;
    const take = (message: unknown): void => {
      if ((message as Answer).answered === asked) answer = message as Answer;
    };
    this.child.on('message', take);
    try {
      this.child.send({ asked, value });
      const look = (): Answer | undefined => {
        if (answer === undefined) this.#mustRun();
        return answer;
      };
      const what = `the ${this.app} to answer about its ${asked}`;
      return (await waitUntil(look, { what, timeoutMs: 30_000, onTimeout: () => this.tail })).value;
    } finally {
      this.child.off('message', take);
    }
  }

  #mustRun(): void {
    if (this.exit === undefined) return;
    const { code, signal } = this.exit;
    throw new StopWaiting(
      new Error(`The ${this.app} ended (code ${code ?? 'none'}, signal ${signal ?? 'none'}):\n${this.tail}`),
    );
  }

  #take(line: string): void {
    this.#print?.(line);
    try {
      this.lines.push(JSON.parse(line) as LogLine);
    } catch {
      this.text.push(line);
    }
  }
}
