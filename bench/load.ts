import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { openCatalog, type Catalog } from '#catalog';
import { AppError, newBackupId, Secret, systemClock, systemRandom } from '#contracts';
import { ServiceProcess } from '../test/support/service-process.js';
import { startServices } from '../test/services/start-services.js';
import { fillCatalog } from './catalog.js';
import { targetNames } from './catalog-documents.js';
import { manyClients, singleClient, type LoadOptions } from './load-clients.js';
import { Listeners } from './load-listeners.js';
import { ProcessWatch } from './load-memory.js';
import { describeLoad, missedGoals, type LoadBench } from './load-report.js';
import { settle } from './load-settle.js';
import { MovingBackup } from './moving-backup.js';

const clients = 200;
const listenerCount = 200;
const loadSeconds = 60;
/** Until caches, pools and the compiler are warm; not counted. */
const warmSeconds = 20;
/**
 * The same load at once before the one that is measured, so that memory is compared with memory under load: it shrinks while a single client asks, and its heap
 * takes some full collections to find its size (about one in forty seconds of this load).
 */
const leadInSeconds = 120;
const aloneSeconds = 15;

/**
 * A running API over a catalogue of many records, read by many clients at once and listened to by as many, measured by autocannon; and by one client alone,
 * before and after.
 */
export async function runLoadBench(records: number, say: (text: string) => void): Promise<LoadBench> {
  const services = await startServices({ which: ['mongodb', 'redis'], log: say });
  const client = await MongoClient.connect(services.mongodbUri);
  const uri = new URL(services.mongodbUri);
  uri.pathname = `/bench_load_${randomBytes(4).toString('hex')}`;
  const db = client.db(uri.pathname.slice(1));
  const folder = mkdtempSync(join(tmpdir(), 'hazina-load-'));
  const catalog = await openCatalog({
    ...{ uri: new Secret(uri.href), clock: systemClock, random: systemRandom, operationTimeoutMs: 120_000 },
  });
  try {
    await fillCatalog(db, records, say);
    const sample = await db
      .collection('backups')
      .aggregate([{ $sample: { size: 500 } }, { $project: { backupId: 1 } }])
      .toArray();
    const backupIds = sample.map(({ backupId }) => String(backupId));
    const bench = await measure({ catalog, catalogUri: uri.href, redisUrl: services.redisUrl, folder, backupIds, say });
    return { records, ...bench };
  } finally {
    await db.dropDatabase();
    await catalog.close();
    await client.close();
    await services.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Places {
  readonly catalog: Catalog;
  readonly catalogUri: string;
  readonly redisUrl: string;
  readonly folder: string;
  readonly backupIds: readonly string[];
  readonly say: (text: string) => void;
}

async function measure({ catalog, backupIds, say, ...places }: Places): Promise<Omit<LoadBench, 'records'>> {
  const jwtSecret = randomBytes(32).toString('hex');
  const api = await startApi(places, jwtSecret);
  const listeners = new Listeners();
  const watch = new ProcessWatch(api.pid, api.url);
  const moving = await MovingBackup.start(catalog, newBackupId('moving', new Date(), systemRandom));
  try {
    const options: LoadOptions = { url: api.url, jwtSecret, backupIds, seconds: loadSeconds };
    say('until the server knows its records …');
    if (!(await settle(api.url, options))) say('it still answers slowly; the load begins all the same');
    say('listeners …');
    await listeners.open(listenerCount, api.url, jwtSecret);
    watch.start();
    say('warming up …');
    await manyClients(clients, { ...options, seconds: warmSeconds });
    say('a single client …');
    const before = await singleClient({ ...options, seconds: aloneSeconds });
    say(`${clients} clients …`);
    await manyClients(clients, { ...options, seconds: leadInSeconds });
    const [loadAverage = 0] = loadavg();
    const from = performance.now();
    const load = await manyClients(clients, options);
    const to = performance.now();
    say('a single client …');
    const after = await singleClient({ ...options, seconds: aloneSeconds });
    const behind = listenerCount - (await moving.seenBy(listeners));
    const { messages, broken } = listeners;
    return {
      listeners: { count: listeners.count, messages, broken, behind },
      single: [before, after],
      load,
      p99Ratio: load.p99Ms / ((before.p99Ms + after.p99Ms) / 2),
      api: watch.between(from, to),
      loadAverage,
    };
  } finally {
    watch.stop();
    listeners.close();
    await moving.stop();
    await api.stop();
  }
}

function startApi(
  { catalogUri, redisUrl, folder }: Pick<Places, 'catalogUri' | 'redisUrl' | 'folder'>,
  jwtSecret: string,
): Promise<ServiceProcess> {
  const file = join(folder, 'targets.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ targets: targetNames.map((name) => ({ name, uriVariable: 'MONGODB_URI' })) }));
  return ServiceProcess.start('api', {
    CATALOG_MONGODB_URI: catalogUri,
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `bench-${randomBytes(4).toString('hex')}`,
    JWT_SECRET: jwtSecret,
    BACKUP_TARGETS_FILE: file,
    BACKUP_SCHEDULE: 'off',
    BACKUP_CLEANUP_SCHEDULE: 'off',
    BACKUP_VERIFY: 'off',
    BACKUP_REVERIFY_DAYS: '0',
  });
}

/** Prints the result; throws when it is not what was promised. */
export function demandLoad(bench: LoadBench): void {
  process.stdout.write(`${describeLoad(bench)}\n`);
  const missed = missedGoals(bench);
  process.stdout.write(`${missed.length === 0 ? 'every goal met' : `missed: ${missed.join('; ')}`}\n`);
  if (missed.length === 0) return;
  throw new AppError({ code: 'internal/unexpected', stage: 'request', message: 'The API missed its goals' });
}
