import { mkdirSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { aptInstall } from './apt-install.js';
import type { Cache, Environment } from './cache.js';
import { findProgram } from './find-program.js';
import type { Instance } from './instance.js';
import { secondsSince, type Log } from './log.js';
import { messageOf, ServiceError, withoutCredentials } from './service-error.js';
import type { RedisState } from './service-state.js';
import { spawnService, startOnFreePort, waitUntilReady } from './spawn-service.js';

/** Redis from the first of: `TEST_REDIS_URL`; redis-server or valkey-server on the PATH; Debian's redis-server. */
export async function startRedis(cache: Cache, instance: Instance, env: Environment, log: Log): Promise<RedisState> {
  const given = env['TEST_REDIS_URL'];
  if (given !== undefined && given !== '') return useGivenRedis(given, log);
  let binary = findServer(env);
  if (binary === undefined) {
    await aptInstall(cache, 'redis-server', 'TEST_REDIS_URL', env, log);
    binary = findServer({ PATH: '/usr/bin' });
    if (binary === undefined) throw new ServiceError('The package redis-server brought no /usr/bin/redis-server');
  }
  const started = Date.now();
  const state = await startServer(instance, binary);
  log(`Redis ${state.version} started in ${secondsSince(started)}: ${state.how}`);
  return state;
}

function findServer(env: Environment): string | undefined {
  return findProgram('redis-server', env) ?? findProgram('valkey-server', env);
}

async function startServer(instance: Instance, binary: string): Promise<RedisState> {
  return startOnFreePort(instance, async (port, started) => {
    const dataFolder = join(instance.folder, `redis-${port}`);
    mkdirSync(dataFolder, { recursive: true });
    const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', dataFolder];
    const redis = spawnService(instance, {
      service: 'redis',
      name: `redis-${port}`,
      command: binary,
      args: [...where, '--save', '', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction'],
      dataFolder,
    });
    started(redis);
    const url = `redis://127.0.0.1:${port}`;
    return { url, version: await waitUntilReady(redis, () => redisVersion(url)), how: `on the PATH (${binary})` };
  });
}

async function useGivenRedis(url: string, log: Log): Promise<RedisState> {
  try {
    const version = await redisVersion(url);
    log(`Redis ${version}: TEST_REDIS_URL`);
    return { url, version, how: 'TEST_REDIS_URL' };
  } catch (error) {
    throw new ServiceError(
      `TEST_REDIS_URL is set, but ${withoutCredentials(url)} does not answer: ${messageOf(error)}`,
      'Start that server, correct the variable, or unset it to have one found or installed',
      error,
    );
  }
}

/** Asks the server for its version; throws when it does not answer or does not let us in. */
export function redisVersion(url: string): Promise<string> {
  const { protocol, hostname, port, username, password } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const address = { host, port: port === '' ? 6379 : Number(port) };
  const login = [username, password].filter((part) => part !== '').map(decodeURIComponent);
  return new Promise((resolve, reject) => {
    const socket = protocol === 'rediss:' ? connectTls({ ...address, servername: host }) : connectTcp(address);
    let reply = '';
    socket.setEncoding('utf8');
    socket.setTimeout(2_000, () => socket.destroy(new Error('no answer within 2 s')));
    socket.once('error', reject);
    socket.once('close', () => {
      reject(new Error('the server closed the connection'));
    });
    socket.on('data', (text: string) => {
      reply += text;
      const refusal = /^-(.*)\r\n/m.exec(reply);
      const version = /^(?:valkey|redis)_version:(\S+)\r\n/m.exec(reply);
      if (refusal !== null) reject(new Error(refusal[1]));
      else if (version?.[1] !== undefined) resolve(version[1]);
      else return;
      socket.destroy();
    });
    if (login.length > 0) socket.write(command(['AUTH', ...login]));
    socket.write(command(['INFO', 'server']));
  });
}

/** A command as RESP bulk strings: lengths in bytes, so that a password may hold anything. */
function command(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
