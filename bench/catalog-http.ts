import { randomBytes } from 'node:crypto';
import type { Db } from 'mongodb';
import type { BackupQuery, Catalog } from '#catalog';
import { makeToken } from '../test/support/api-client.js';
import { ServiceProcess } from '../test/support/service-process.js';
import { capture, repeat, scans } from './captured-queries.js';
import { duel } from './timing.js';

export interface HttpCase {
  readonly name: string;
  readonly httpP50Ms: number;
  readonly httpP99Ms: number;
  readonly driverP50Ms: number;
  readonly driverP99Ms: number;
  readonly ratio: number;
  readonly sequentialScan: boolean;
}

interface Places {
  readonly db: Db;
  readonly catalog: Catalog;
  readonly catalogUri: string;
  readonly redisUrl: string;
}

const turns = { least: 20, most: 100, seconds: 2 } as const;
const limit = 20;
/** A token may ask 120 times a minute. */
const callsOfAToken = 100;
const dayMs = 86_400_000;

/** Every filter and every sort, both orders, first, middle and last page: whole replies of an API in a process of its own. */
export async function runHttpCases(places: Places, say: (text: string) => void): Promise<readonly HttpCase[]> {
  const jwtSecret = randomBytes(32).toString('hex');
  const api = await ServiceProcess.start('api', {
    CATALOG_MONGODB_URI: places.catalogUri,
    REDIS_URL: places.redisUrl,
    REDIS_PREFIX: `bench-${randomBytes(4).toString('hex')}`,
    JWT_SECRET: jwtSecret,
    BACKUP_SCHEDULE: 'off',
    BACKUP_CLEANUP_SCHEDULE: 'off',
    BACKUP_VERIFY: 'off',
    BACKUP_REVERIFY_DAYS: '0',
  });
  try {
    const get = client(api.url, jwtSecret);
    const results: HttpCase[] = [];
    for (const { name, query } of cases()) {
      for (const { page, title } of await pages(get, query)) {
        const result = await measure(places, get, { ...query, page, limit }, `${name}, ${title} page`);
        results.push(result);
        const { httpP50Ms, driverP50Ms, httpP99Ms, driverP99Ms, ratio, sequentialScan } = result;
        const times = [httpP50Ms, driverP50Ms, httpP99Ms, driverP99Ms].map((ms) => ms.toFixed(1));
        say(`${result.name}: ${times.join(' / ')} ms, ${ratio.toFixed(2)}${sequentialScan ? ', SEQUENTIAL SCAN' : ''}`);
      }
    }
    return results;
  } finally {
    await api.stop();
  }
}

type ListCase = Omit<BackupQuery, 'page' | 'limit'>;

function cases(): readonly { readonly name: string; readonly query: ListCase }[] {
  const now = Date.now();
  const filters: Record<string, Partial<BackupQuery>> = {
    'no filter': {},
    'status=completed': { status: 'completed' },
    'status=deleted': { status: 'deleted' },
    'status=failed': { status: 'failed' },
    target: { target: 'target-3' },
    trigger: { trigger: 'manual' },
    from: { from: new Date(now - 200 * dayMs) },
    to: { to: new Date(now - 200 * dayMs) },
    'from, to': { from: new Date(now - 400 * dayMs), to: new Date(now - 100 * dayMs) },
    'target, status, from': { target: 'target-3', status: 'completed', from: new Date(now - 400 * dayMs) },
  };
  return Object.entries(filters).flatMap(([filter, fields]) =>
    (['createdAt', 'startedAt', 'completedAt', 'size', 'status'] as const).flatMap((sortBy) =>
      (['asc', 'desc'] as const).map((sortOrder) => ({
        name: `${filter}, ${sortBy} ${sortOrder}`,
        query: { ...fields, sortBy, sortOrder },
      })),
    ),
  );
}

type Get = (query: BackupQuery) => Promise<{ readonly totalPages: number }>;

async function pages(get: Get, query: ListCase): Promise<readonly { page: number; title: string }[]> {
  const { totalPages } = await get({ ...query, page: 1, limit });
  return [
    { page: 1, title: 'first' },
    { page: Math.max(2, Math.ceil(totalPages / 2)), title: 'middle' },
    { page: Math.max(3, totalPages), title: 'last' },
  ];
}

async function measure({ db, catalog }: Places, get: Get, query: BackupQuery, name: string): Promise<HttpCase> {
  const calls = await capture(() => catalog.backups.list(query));
  const { p50Ms, p99Ms, otherP50Ms, otherP99Ms, ratio } = await duel(
    () => get(query),
    () => Promise.all(calls.map((call) => repeat(db, call))),
    turns,
  );
  return {
    ...{ name, httpP50Ms: p50Ms, httpP99Ms: p99Ms, driverP50Ms: otherP50Ms, driverP99Ms: otherP99Ms, ratio },
    sequentialScan: await scans(db, calls),
  };
}

function client(url: string, secret: string): Get {
  let token = '';
  let calls = 0;
  return async (query) => {
    if (calls % callsOfAToken === 0) token = makeToken(secret, 'viewer', `bench-${calls}`);
    calls += 1;
    const parameters = Object.entries(query).map(([name, value]): [string, string] => [
      name,
      value instanceof Date ? value.toISOString() : String(value),
    ]);
    const reply = await fetch(`${url}/api/admin/backups?${new URLSearchParams(parameters).toString()}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const body = (await reply.json()) as { readonly pagination: { readonly totalPages: number } };
    if (reply.status !== 200) throw new Error(`${reply.status} ${JSON.stringify(body)}`);
    return body.pagination;
  };
}
