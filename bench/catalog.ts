import { randomBytes } from 'node:crypto';
import { MongoClient, type Db } from 'mongodb';
import { openCatalog, type BackupQuery, type Catalog } from '#catalog';
import { AppError, Secret, systemClock, systemRandom } from '#contracts';
import { startServices } from '../test/services/start-services.js';
import { capture, repeat, scans } from './captured-queries.js';
import { backupDocument, targetNames } from './catalog-documents.js';
import { runHttpCases, type HttpCase } from './catalog-http.js';
import { formatTable } from './table.js';
import { duel } from './timing.js';

/** Repository and route may take so many times as long as the bare driver with the same query. */
const mostRatio = 3;
/** Turns of a case: as many as fit into the time, within limits. */
const turns = { least: 5, most: 100, seconds: 2 } as const;

interface Case {
  readonly name: string;
  readonly run: (catalog: Catalog) => Promise<unknown>;
}

export interface CatalogCase {
  readonly name: string;
  readonly repositoryP50Ms: number;
  readonly repositoryP99Ms: number;
  readonly driverP50Ms: number;
  readonly driverP99Ms: number;
  readonly ratio: number;
  readonly sequentialScan: boolean;
}

export interface CatalogBench {
  readonly records: number;
  readonly server: string;
  readonly cases: readonly CatalogCase[];
  /** GET /api/admin/backups of a running API. */
  readonly http: readonly HttpCase[];
}

/**
 * Every filter and sort of the list, and the queries of upkeep, on many records: the repository against the bare driver with the very same query
 * (taken from what Mongoose sends), turn by turn, and what the server's plan says.
 */
export async function runCatalogBench(records: number, say: (text: string) => void): Promise<CatalogBench> {
  const services = await startServices({ which: ['mongodb', 'redis'], log: say });
  const database = `bench_catalog_${randomBytes(4).toString('hex')}`;
  const client = await MongoClient.connect(services.mongodbUri);
  const uri = new URL(services.mongodbUri);
  uri.pathname = `/${database}`;
  const options = { clock: systemClock, random: systemRandom, operationTimeoutMs: 120_000 };
  const catalog = await openCatalog({ uri: new Secret(uri.href), ...options });
  try {
    const db = client.db(database);
    await fillCatalog(db, records, say);
    const results: CatalogCase[] = [];
    for (const one of cases(records)) {
      const result = await measureCase(one, catalog, db);
      results.push(result);
      say(`${one.name}: ${result.ratio.toFixed(2)}${result.sequentialScan ? ', SEQUENTIAL SCAN' : ''}`);
    }
    const { version } = await db.admin().serverInfo();
    const http = await runHttpCases({ db, catalog, catalogUri: uri.href, redisUrl: services.redisUrl }, say);
    const bench: CatalogBench = { records, server: String(version), cases: results, http };
    process.stdout.write(`${describe(bench)}\n`);
    demand(bench);
    return bench;
  } finally {
    await client.db(database).dropDatabase();
    await catalog.close();
    await client.close();
    await services.stop();
  }
}

/** Records as `backupDocument` makes them, and their targets. */
export async function fillCatalog(db: Db, records: number, say: (text: string) => void): Promise<void> {
  say(`inserting ${records} records …`);
  const batch = 1000;
  await db.collection('targets').insertMany(targetNames.map((target) => ({ target })));
  for (let first = 0; first < records; first += batch) {
    const size = Math.min(batch, records - first);
    await db
      .collection('backups')
      .insertMany(Array.from({ length: size }, (_, index) => backupDocument(first + index, records)));
  }
}

const sortKeys = ['createdAt', 'startedAt', 'completedAt', 'size', 'status'] as const;
const sortOrders = ['asc', 'desc'] as const;

function cases(records: number): readonly Case[] {
  const now = new Date();
  const filters: Record<string, Partial<BackupQuery>> = {
    all: {},
    'status completed': { status: 'completed' },
    'status deleted': { status: 'deleted' },
    target: { target: 'target-3' },
    trigger: { trigger: 'manual' },
    'from, to': { from: new Date(now.getTime() - 30 * 86_400_000), to: now },
    'target, status, from': { target: 'target-3', status: 'failed', from: new Date(now.getTime() - 90 * 86_400_000) },
  };
  const lists = Object.entries(filters).flatMap(([name, filter]) =>
    sortKeys.flatMap((sortBy) =>
      // Both directions of one index cost the same: shown once.
      (name === 'all' ? sortOrders : (['desc'] as const)).map((sortOrder): Case => ({
        name: `list ${name}, by ${sortBy} ${sortOrder}`,
        run: ({ backups }) => backups.list({ page: 1, limit: 20, sortBy, sortOrder, ...filter }),
      })),
    ),
  );
  const { backupId } = backupDocument(Math.floor(records / 2), records) as { backupId: string };
  const others: Record<string, Case['run']> = {
    'page 500': ({ backups }) => backups.list({ page: 500, limit: 20, sortBy: 'createdAt', sortOrder: 'desc' }),
    find: ({ backups }) => backups.find(backupId),
    claim: ({ backups }) => backups.claim(backupId, 'bench/1/a', now),
    inProgress: ({ backups }) => backups.inProgress(),
    pendingDue: ({ backups }) => backups.pendingDue(now),
    waitingTargets: ({ backups }) => backups.waitingTargets(),
    deleting: ({ backups }) => backups.deleting(),
    marksBehind: ({ backups }) => backups.marksBehind(),
    unalerted: ({ backups }) => backups.unalerted(),
    failedVerifications: ({ backups }) => backups.failedVerifications(),
    'needVerification, new ones': ({ backups }) => backups.needVerification(new Date(0), 100),
    'needVerification, again': ({ backups }) => backups.needVerification(new Date(now.getTime() - 30 * 86_400_000), 10),
    latest: ({ backups }) => backups.latest('target-3', 3),
    lastSuccess: ({ backups }) => backups.lastSuccess(),
    'completed of a target': ({ backups }) => backups.completed('target-3'),
    stats: ({ backups }) => backups.stats({}, now),
    'stats of a target': ({ backups }) => backups.stats({ target: 'target-3' }, now),
  };
  return [...lists, ...Object.entries(others).map(([name, run]) => ({ name, run }))];
}

async function measureCase({ name, run }: Case, catalog: Catalog, db: Db): Promise<CatalogCase> {
  const calls = await capture(() => run(catalog));
  const { p50Ms, p99Ms, otherP50Ms, otherP99Ms, ratio } = await duel(
    () => run(catalog),
    () => Promise.all(calls.map((call) => repeat(db, call))),
    turns,
  );
  return {
    ...{ name, repositoryP50Ms: p50Ms, repositoryP99Ms: p99Ms, driverP50Ms: otherP50Ms, driverP99Ms: otherP99Ms },
    ...{ ratio, sequentialScan: await scans(db, calls) },
  };
}

function describe({ records, server, cases: results, http }: CatalogBench): string {
  const header = ['', 'p50 ms', 'driver p50 ms', 'p99 ms', 'driver p99 ms', 'p99 ratio', 'plan'];
  const row = (name: string, times: readonly number[], { ratio, sequentialScan }: CatalogCase | HttpCase) => [
    ...[name, ...times.map((time) => time.toFixed(1)), ratio.toFixed(2)],
    sequentialScan ? 'SEQUENTIAL SCAN' : 'index',
  ];
  const repository = results.map((one) =>
    row(one.name, [one.repositoryP50Ms, one.driverP50Ms, one.repositoryP99Ms, one.driverP99Ms], one),
  );
  const route = http.map((one) => row(one.name, [one.httpP50Ms, one.driverP50Ms, one.httpP99Ms, one.driverP99Ms], one));
  return (
    `Catalogue, ${records} records, server ${server}: the repository against the bare driver\n${formatTable([header, ...repository])}\n\n` +
    `GET /api/admin/backups of a running API, whole replies, against the bare driver with the same queries\n${formatTable([header, ...route])}`
  );
}

function demand({ cases: results, http }: CatalogBench): void {
  const all = [...results, ...http];
  const scanning = all.filter(({ sequentialScan }) => sequentialScan).map(({ name }) => name);
  const slow = all.filter(({ ratio }) => ratio > mostRatio).map(({ name }) => name);
  process.stdout.write(
    `${scanning.length === 0 ? 'no sequential scan' : `sequential scans: ${scanning.join('; ')}`}\n` +
      `${slow.length === 0 ? `every p99 within ${mostRatio} times the driver's` : `slower than ${mostRatio} times the driver: ${slow.join('; ')}`}\n`,
  );
  if (scanning.length + slow.length === 0) return;
  throw new AppError({ code: 'internal/unexpected', stage: 'catalog', message: 'The catalogue missed its goals' });
}
