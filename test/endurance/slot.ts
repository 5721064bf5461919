import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../services/wait-until.js';
import { projectRoot } from '../support/run-hazina.js';
import { ServiceProcess } from '../support/service-process.js';
import { judgeExit, judgeLine, judgeText } from './model/process-rules.js';
import type { Violation } from './model/rules.js';
import type { Network } from './network.js';

export type SlotState = 'up' | 'starting' | 'frozen' | 'down';

const entries = { api: 'dist/bundle/api/main.js', worker: 'dist/test/endurance/worker-main.js' } as const;

/** Loading the program takes a second, and on a machine with many other things to do very much longer. */
const listenWithinMs = 180_000;

/** The place of one process of the installation: what runs there is killed and started again, the place stays. */
export class Slot {
  state: SlotState = 'down';
  /** Raised whenever something is done to the process: a request that saw two values was disturbed. */
  epoch = 0;
  #process: ServiceProcess | undefined;
  #asked: 'killed' | 'ended' | 'nothing' = 'nothing';
  #starts = 0;

  constructor(
    readonly name: string,
    readonly app: 'api' | 'worker',
    readonly network: Network,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly folder: string,
    private readonly onViolation: (violation: Violation) => void,
  ) {}

  get pid(): number | undefined {
    return this.#process?.exit === undefined ? this.#process?.pid : undefined;
  }

  get url(): string | undefined {
    return this.state === 'up' ? this.#process?.url : undefined;
  }

  get logFile(): string {
    return join(this.folder, `${this.name}.log`);
  }

  /** Spawns it and waits until it listens; what it needs may be away. */
  async start(): Promise<void> {
    this.epoch += 1;
    this.#starts += 1;
    this.#asked = 'nothing';
    this.state = 'starting';
    const process = ServiceProcess.spawn(this.app, this.environment, join(projectRoot, entries[this.app]));
    this.#process = process;
    const run = `${this.name} (start ${this.#starts}, pid ${process.pid})`;
    process.echo((line) => this.#take(run, line));
    process.child.once('exit', (code, signal) => {
      for (const violation of judgeExit(run, { code, signal }, this.#asked)) this.onViolation(violation);
      if (this.#process !== process) return;
      this.state = 'down';
      this.epoch += 1;
    });
    const isListening = await process.listening(listenWithinMs).then(
      () => true,
      (error: unknown) => {
        // Ended meanwhile: its exit was judged.
        if (process.exit === undefined)
          this.onViolation({ rule: 'process', text: `${run} does not listen: ${String(error)}` });
        return false;
      },
    );
    if (isListening && process.exit === undefined && this.#process === process && !this.#isTold()) this.state = 'up';
  }

  async kill(): Promise<void> {
    await this.#end('killed', 'SIGKILL', 10_000);
  }

  /** SIGTERM: it must end by itself, in order. */
  async end(withinMs: number): Promise<void> {
    try {
      await this.#end('ended', 'SIGTERM', withinMs);
    } catch {
      this.onViolation({ rule: 'process', text: `${this.name} did not end within ${withinMs / 1000} s of SIGTERM` });
      await this.#process?.ended();
    }
  }

  freeze(): void {
    this.epoch += 1;
    this.state = 'frozen';
    this.#process?.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.child.kill('SIGCONT');
    this.epoch += 1;
    if (this.state === 'frozen') this.state = 'up';
  }

  ready(): Promise<unknown> {
    const isReady = async () => this.url !== undefined && (await fetch(`${this.url}/health/ready`)).ok;
    return waitUntil(isReady, { what: `${this.name} to be ready`, timeoutMs: listenWithinMs, intervalMs: 250 });
  }

  /** Bytes that it holds; undefined when it does not run. */
  residentBytes(): number | undefined {
    if (this.pid === undefined) return undefined;
    try {
      const pages = readFileSync(`/proc/${this.pid}/status`, 'utf8');
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(pages)?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
    } catch {
      return undefined;
    }
  }

  async #end(asked: 'killed' | 'ended', signal: NodeJS.Signals, withinMs: number): Promise<void> {
    this.epoch += 1;
    this.state = 'down';
    this.#asked = asked;
    await this.#process?.stop(signal, withinMs);
  }

  #isTold(): boolean {
    return this.#asked !== 'nothing';
  }

  #take(run: string, line: string): void {
    appendFileSync(this.logFile, `${line}\n`);
    for (const violation of judge(run, line)) this.onViolation(violation);
  }
}

function judge(run: string, line: string): Violation[] {
  try {
    return judgeLine(run, JSON.parse(line) as Readonly<Record<string, unknown>>);
  } catch {
    return judgeText(run, line);
  }
}
