import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../services/find-program.js';
import { freePort } from '../services/free-port.js';
import { redisVersion } from '../services/redis.js';
import { waitUntil } from '../services/wait-until.js';

/** A Redis of one test, which may be stopped, frozen and started again on the same port. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** Starts it again, with what it had on disk. */
  start(): Promise<void>;
  /** Ends it at once, as a crash does. */
  stop(): Promise<void>;
  /** Takes connections and data, and does nothing. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** Real Redis (or Valkey) with appendonly; `args` are added to its command line. */
export async function startRedisServer(args: readonly string[] = []): Promise<TestRedis> {
  const program = findProgram('redis-server', process.env) ?? findProgram('valkey-server', process.env);
  if (program === undefined) throw new Error('Neither redis-server nor valkey-server is on the PATH');
  const folder = mkdtempSync(join(tmpdir(), 'hazina-test-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;

  const server: TestRedis = {
    url,
    port,
    start: async () => {
      const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder];
      const policy = [
        '--save',
        '',
        '--appendonly',
        'yes',
        '--appendfsync',
        'always',
        '--maxmemory-policy',
        'noeviction',
      ];
      child = spawn(program, [...where, ...policy, ...args], { stdio: 'ignore' });
      // A refusal (no login) is an answer too.
      const answers = () => redisVersion(url).catch((error: unknown) => /NOAUTH|LOADING/.test(String(error)));
      await waitUntil(answers, { what: `an answer of Redis on port ${port}` });
    },
    stop: async () => {
      if (child?.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    close: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}
