import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, waitUntil } from '../services/services.js';

/** A Redis of a test's own: to be stopped, frozen, emptied, started again on the same port with the same data. */
export class OwnRedis {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hazina-redis-'));
  #child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly policy: string,
  ) {}

  static async start(policy = 'noeviction'): Promise<OwnRedis> {
    const redis = new OwnRedis(await freePort(), policy);
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const args = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#folder];
    const settings = ['--save', '', '--appendonly', 'yes', '--maxmemory-policy', this.policy];
    this.#child = spawn('redis-server', [...args, ...settings], { stdio: 'ignore' });
    await waitUntil(() => this.command('PING').then((reply) => reply.startsWith('+PONG')), { what: 'Redis to answer' });
  }

  /** Ends the process and waits for it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill(signal);
    await ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** One inline command; its raw reply. */
  command(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ host: '127.0.0.1', port: this.port });
      socket.once('error', reject);
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString());
      });
      socket.write(`${text}\r\n`);
    });
  }

  async close(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
