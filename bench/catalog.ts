import { randomBytes } from 'node:crypto';
import mongoose from 'mongoose';
import { MongoClient, type Db, type Document } from 'mongodb';
import { openCatalog, type BackupQuery, type Catalog } from '#catalog';
import { AppError, Secret, systemClock, systemRandom } from '#contracts';
import { startServices } from '../test/services/start-services.js';
import { backupDocument, targetNames } from './catalog-documents.js';
import { formatTable } from './table.js';

/** The repository may take so many times as long as the bare driver with the same query. */
const mostRatio = 3;
/** Turns of a case: as many as fit into the time, within limits. */
const turns = { least: 5, most: 100, seconds: 2 } as const;

interface Call {
  readonly collection: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

interface Case {
  readonly name: string;
  readonly run: (catalog: Catalog) => Promise<unknown>;
}

export interface CatalogCase {
  readonly name: string;
  readonly repositoryP50Ms: number;
  readonly repositoryP99Ms: number;
  readonly driverP99Ms: number;
  readonly ratio: number;
  readonly sequentialScan: boolean;
}

export interface CatalogBench {
  readonly records: number;
  readonly server: string;
  readonly cases: readonly CatalogCase[];
}

/**
 * Every filter and sort of the list, and the queries of upkeep, on many records: the repository against the bare driver with the very same query
 * (taken from what Mongoose sends), turn by turn, and what the server's plan says.
 */
export async function runCatalogBench(records: number, say: (text: string) => void): Promise<CatalogBench> {
  const services = await startServices({ which: ['mongodb'], log: say });
  const database = `bench_catalog_${randomBytes(4).toString('hex')}`;
  const client = await MongoClient.connect(services.mongodbUri);
  const uri = new URL(services.mongodbUri);
  uri.pathname = `/${database}`;
  const options = { clock: systemClock, random: systemRandom, operationTimeoutMs: 120_000 };
  const catalog = await openCatalog({ uri: new Secret(uri.href), ...options });
  try {
    const db = client.db(database);
    await fill(db, records, say);
    const results: CatalogCase[] = [];
    for (const one of cases(records)) {
      const result = await measureCase(one, catalog, db);
      results.push(result);
      say(`${one.name}: ${result.ratio.toFixed(2)}${result.sequentialScan ? ', SEQUENTIAL SCAN' : ''}`);
    }
    const { version } = await db.admin().serverInfo();
    const bench: CatalogBench = { records, server: String(version), cases: results };
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

async function fill(db: Db, records: number, say: (text: string) => void): Promise<void> {
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
  const plans = await Promise.all(calls.map((call) => explain(db, call)));
  const repository: number[] = [];
  const driver: number[] = [];
  const started = performance.now();
  while (
    repository.length < turns.least ||
    (repository.length < turns.most && performance.now() - started < turns.seconds * 1000)
  ) {
    repository.push(await timed(() => run(catalog)));
    driver.push(await timed(() => Promise.all(calls.map((call) => repeat(db, call)))));
  }
  const repositoryP99Ms = percentile(repository, 0.99);
  const driverP99Ms = percentile(driver, 0.99);
  return {
    ...{ name, repositoryP50Ms: percentile(repository, 0.5), repositoryP99Ms, driverP99Ms },
    ratio: repositoryP99Ms / driverP99Ms,
    sequentialScan: plans.some((plan) => /"Seq Scan"|"COLLSCAN"/.test(JSON.stringify(plan))),
  };
}

/** What Mongoose sends while the work is done. */
async function capture(work: () => Promise<unknown>): Promise<readonly Call[]> {
  const calls: Call[] = [];
  mongoose.set('debug', (collection: string, method: string, ...args: unknown[]) => {
    calls.push({ collection, method, args });
  });
  try {
    await work();
  } finally {
    mongoose.set('debug', false);
  }
  return calls;
}

function repeat(db: Db, { collection, method, args }: Call): Promise<unknown> {
  const target = db.collection(collection);
  const [first, second, third] = args as [Document, Document | undefined, Document | undefined];
  if (method === 'find') return target.find(first, second).toArray();
  if (method === 'countDocuments') return target.countDocuments(first);
  if (method === 'distinct') return target.distinct(args[0] as string, second ?? {});
  if (method === 'aggregate') return target.aggregate(first as Document[]).toArray();
  if (method === 'findOneAndUpdate') return target.findOneAndUpdate(first, second ?? {}, third ?? {});
  throw new Error(`${method} is not measured yet`);
}

function explain(db: Db, { collection, method, args }: Call): Promise<Document> {
  const target = db.collection(collection);
  const [first, second] = args as [Document, Document | undefined];
  if (method === 'find') return target.find(first, second).explain('queryPlanner');
  if (method === 'aggregate') return target.aggregate(first as Document[]).explain('queryPlanner');
  return target.find(method === 'distinct' ? (second ?? {}) : first).explain('queryPlanner');
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function describe({ records, server, cases: results }: CatalogBench): string {
  const rows = results.map(({ name, repositoryP50Ms, repositoryP99Ms, driverP99Ms, ratio, sequentialScan }) => [
    ...[name, repositoryP50Ms.toFixed(1), repositoryP99Ms.toFixed(1), driverP99Ms.toFixed(1), ratio.toFixed(2)],
    sequentialScan ? 'SEQUENTIAL SCAN' : 'index',
  ]);
  const header = ['', 'p50 ms', 'p99 ms', 'driver p99 ms', 'p99 ratio', 'plan'];
  return `Catalogue, ${records} records, server ${server}, ${turns.least} to ${turns.most} turns each\n${formatTable([header, ...rows])}`;
}

function demand({ cases: results }: CatalogBench): void {
  const scans = results.filter(({ sequentialScan }) => sequentialScan).map(({ name }) => name);
  const slow = results.filter(({ ratio }) => ratio > mostRatio).map(({ name }) => name);
  process.stdout.write(
    `${scans.length === 0 ? 'no sequential scan' : `sequential scans: ${scans.join('; ')}`}\n` +
      `${slow.length === 0 ? `every p99 within ${mostRatio} times the driver's` : `slower than ${mostRatio} times the driver: ${slow.join('; ')}`}\n`,
  );
  if (scans.length + slow.length === 0) return;
  throw new AppError({ code: 'internal/unexpected', stage: 'catalog', message: 'The catalogue missed its goals' });
}
