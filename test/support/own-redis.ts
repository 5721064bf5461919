import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisVersion } from '../services/redis.js';
import { freePort, waitUntil } from '../services/services.js';

/** A Redis of a test's own, to be stopped, started again and frozen. */
export class OwnRedis {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hazina-redis-'));
  #process: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(...options: string[]): Promise<OwnRedis> {
    const redis = new OwnRedis(await freePort());
    await redis.start(...options);
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(...options: string[]): Promise<void> {
    const where = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#folder, '--save', ''];
    this.#process = spawn('redis-server', [...where, '--maxmemory-policy', 'noeviction', ...options], {
      stdio: 'ignore',
    });
    await waitUntil(() => redisVersion(this.url), { what: 'a Redis of our own' });
  }

  freeze(): Promise<void> {
    this.#process?.kill('SIGSTOP');
    return Promise.resolve();
  }

  thaw(): Promise<void> {
    this.#process?.kill('SIGCONT');
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
