import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { services, uniqueDatabase, waitUntil } from '../services/services.js';
import { hazina } from '../support/run-hazina.js';
import { ServiceProcess } from '../support/service-process.js';

jest.setTimeout(60_000);

const secret = 'a-canary-of-thirty-two-characters';
const folder = mkdtempSync(join(tmpdir(), 'hazina-api-e2e-'));
const database = uniqueDatabase('api_process');
const environment = (): Record<string, string> => ({
  CATALOG_MONGODB_URI: new URL(`/${database}`, services().mongodbUri).toString(),
  REDIS_URL: services().redisUrl,
  REDIS_PREFIX: database,
  BACKUP_DIRECTORY: join(folder, 'store'),
  BACKUP_SCHEDULE: 'off',
  BACKUP_CLEANUP_SCHEDULE: 'off',
  JWT_SECRET: secret,
});

afterAll(async () => {
  const client = new MongoClient(services().mongodbUri);
  await client.db(database).dropDatabase();
  await client.close();
  rmSync(folder, { recursive: true });
});

it('a wrong configuration ends with exit code 3 and every mistake in plain text', async () => {
  const { CATALOG_MONGODB_URI: _uri, ...rest } = environment();
  const api = ServiceProcess.spawn('api', { ...rest, JWT_SECRET: secret.slice(0, 20), API_PORT: 'many' });
  await api.ended();
  expect(api.exit).toEqual({ code: 3, signal: null });
  for (const name of ['CATALOG_MONGODB_URI', 'JWT_SECRET', 'API_PORT']) expect(api.tail).toContain(name);
  expect(api.tail).not.toMatch(/a-canary|\n\s+at /);
});

it('a catalogue URI that is none ends with exit code 3 as well', async () => {
  const api = ServiceProcess.spawn('api', { ...environment(), CATALOG_MONGODB_URI: `http://u:${secret}@h` });
  await api.ended();
  expect(api.exit?.code).toBe(3);
  expect(api.tail).not.toContain(secret);
});

describe('a running API', () => {
  let api: ServiceProcess;
  beforeAll(async () => {
    api = await ServiceProcess.start('api', environment());
  });
  afterAll(() => api.stop('SIGKILL'));

  it('lets the tokens of hazina token create in, as far as their role', async () => {
    const status = async (method: string, path: string, ...args: string[]): Promise<number> => {
      const { stdout } = await hazina(['token', 'create', ...args], { JWT_SECRET: secret });
      const headers = { authorization: `Bearer ${stdout.trim()}` };
      return (await fetch(`${api.url}/api/admin/backups${path}`, { method, headers })).status;
    };
    expect(await status('GET', '', '--role', 'viewer', '--ttl', '24h', '--subject', 'somebody')).toBe(200);
    expect(await status('POST', '/trigger', '--role', 'viewer')).toBe(403);
    expect(await status('POST', '/none/cancel', '--role', 'operator')).toBe(404);
    expect(await status('DELETE', '/none', '--role', 'operator')).toBe(403);
    const { code, stderr } = await hazina(['token', 'create', '--role', 'viewer', '--ttl', '25h'], {
      JWT_SECRET: secret,
    });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('at most 24h') as unknown });
  });

  it('writes JSON lines only, none of them with a secret', () => {
    expect(api.text).toEqual([]);
    expect(JSON.stringify(api.lines)).not.toContain(secret);
  });

  it('ends on SIGTERM with exit code 0, after its readiness went red', async () => {
    const ready = async (): Promise<number> => (await fetch(`${api.url}/health/ready`)).status;
    expect(await ready()).toBe(200);
    const ended = api.stop('SIGTERM', 20_000);
    await waitUntil(async () => (await ready()) === 503, { what: 'a red readiness', intervalMs: 10 });
    expect((await fetch(`${api.url}/health/live`)).status).toBe(200);
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(api.lines.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['ending', 'ended']));
  });
});
