import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import { startServices } from '../test/services/start-services.js';
import { ApiClient, makeToken, type Restore } from '../test/support/api-client.js';
import { fillSampleDatabase } from '../test/support/sample-data.js';
import { ServiceProcess } from '../test/support/service-process.js';
import { hazina, onPath } from './contestants.js';
import { measure } from './measure.js';
import { describeRestores, missedGoals, type RestoreBench, type RestoreRun } from './restores-report.js';

/** About what a document of the sample database takes. */
const averageDocument = 689;
const smallDocuments = 1000;
const patienceMs = 3_600_000;
/** A token has 120 requests a minute. The times are those of the record: looking seldom takes nothing from them. */
const lookMs = 600;

interface Bench {
  readonly client: MongoClient;
  readonly uri: string;
  readonly database: string;
  readonly target: string;
  readonly folder: string;
  readonly key: string;
  readonly jwtSecret: string;
  readonly api: ServiceProcess;
  readonly worker: ServiceProcess;
  readonly say: (text: string) => void;
}

/**
 * Restores as the service makes them, by API, queue and worker in processes of their own: everything, and one small collection out of it, in turn with the
 * official tool, which is given the same archive unencrypted.
 */
export async function runRestoreBench(size: number, runs: number, say: (text: string) => void): Promise<RestoreBench> {
  const services = await startServices({ which: ['mongodb', 'redis'], log: say });
  const client = await MongoClient.connect(services.mongodbUri);
  const name = `bench_${randomBytes(4).toString('hex')}`;
  const folder = mkdtempSync(join(process.env['BENCH_DIRECTORY'] ?? tmpdir(), 'hazina-bench-'));
  const [database, target, catalog] = [name, `${name}_restored`, `${name}_catalog`];
  const [key, jwtSecret] = [`hex:${randomBytes(32).toString('hex')}`, randomBytes(32).toString('hex')];
  const uri = services.mongodbUri;
  const environment = {
    ...{ REDIS_URL: services.redisUrl, REDIS_PREFIX: name, CATALOG_MONGODB_URI: withPath(uri, catalog) },
    ...{ BACKUP_TARGET_NAME: 'bench', BACKUP_SCHEDULE: 'off', BACKUP_CLEANUP_SCHEDULE: 'off', BACKUP_VERIFY: 'off' },
    ...{ BACKUP_DIRECTORY: join(folder, 'store'), BACKUP_ENGINE: 'native', RESTORE_TARGETS: 'bench' },
    BACKUP_DIRECTORY_RESERVE_BYTES: '0',
  };
  const started: ServiceProcess[] = [];
  const start = async (app: 'api' | 'worker', more: Readonly<Record<string, string>>): Promise<ServiceProcess> => {
    const service = await ServiceProcess.start(app, { ...environment, ...more });
    started.push(service);
    return service;
  };
  try {
    say(`making a database of ${size / 1e6} MB …`);
    const bytes = await fill(client, database, size);
    const api = await start('api', { JWT_SECRET: jwtSecret });
    const worker = await start('worker', {
      ...{ MONGODB_URI: withPath(uri, database), RESTORE_TARGET_BENCH_URI: uri, BACKUP_ENCRYPTION_KEY: key },
    });
    const bench: Bench = { client, uri, database, target, folder, key, jwtSecret, api, worker, say };
    const result: RestoreBench = { bytes, loadAverage: loadavg()[0] ?? 0, runs: await race(bench, runs) };
    process.stdout.write(`${describeRestores(result)}\n`);
    return result;
  } finally {
    for (const service of started) await service.stop();
    for (const db of [database, target, catalog]) await client.db(db).dropDatabase();
    await client.close();
    await removeQueues(services.redisUrl, name);
    await services.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each contestant in turn: what the machine does meanwhile meets all of them. */
async function race(bench: Bench, runs: number): Promise<RestoreRun[]> {
  const { database, target, folder, uri, key, say } = bench;
  const admin = adminOf(bench);
  const backupId = await admin.trigger();
  await admin.settled(backupId, ['completed'], patienceMs);
  const archive = join(folder, 'plain.archive');
  const official = onPath('mongorestore');
  const store = { BACKUP_DIRECTORY: join(folder, 'store'), BACKUP_ENCRYPTION_KEY: key };
  if (official) await measure(`${hazina} extract ${backupId} -o ${archive}`, store);
  else say('left out: mongorestore is not on the PATH');
  const tool = `mongorestore --quiet --uri=${uri} --archive=${archive} --nsFrom='${database}.*' --nsTo='${target}.*' -j 4 --numInsertionWorkersPerCollection 4`;
  const done: RestoreRun[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const whole = await restored(bench, backupId, []);
    await dropTarget(bench);
    const mongorestoreSeconds = official ? (await measure(tool, {})).seconds : null;
    await dropTarget(bench);
    const part = await restored(bench, backupId, [`${database}.small`]);
    await dropTarget(bench);
    const seen = { wholeSeconds: whole.seconds, mongorestoreSeconds, partSeconds: part.seconds };
    done.push({ ...seen, wholeReadBytes: whole.readBytes, partReadBytes: part.readBytes });
    say(`run ${run}: ${JSON.stringify(seen)}`);
  }
  return done;
}

/** From the request to the end that the record tells; what the worker's process read meanwhile. */
async function restored(bench: Bench, backupId: string, include: readonly string[]) {
  const { database, target, worker } = bench;
  const before = await readBytes(worker.pid);
  const admin = adminOf(bench);
  const restoreId = await admin.restore(backupId, {
    ...{ targetName: 'bench', mode: 'into-empty', rename: [{ from: database, to: target }], include: [...include] },
  });
  let record: Restore = {};
  while (typeof record.completedAt !== 'string') {
    await delay(lookMs);
    ({ body: record } = await admin.get(`/api/admin/restores/${restoreId}`));
  }
  if (record.status !== 'completed') throw new Error(`the restore is ${JSON.stringify(record)}`);
  const seconds = (Date.parse(record.completedAt) - Date.parse(String(record.createdAt))) / 1000;
  return { seconds, readBytes: (await readBytes(worker.pid)) - before };
}

/** With a fresh token: restores are asked for by admins that signed in lately. */
function adminOf({ api, jwtSecret }: Bench): ApiClient {
  return new ApiClient(api.url, makeToken(jwtSecret, 'admin', `bench-${randomBytes(4).toString('hex')}`));
}

async function dropTarget({ client, target }: Bench): Promise<void> {
  await client.db(target).dropDatabase();
}

async function fill(client: MongoClient, database: string, size: number): Promise<number> {
  const db = client.db(database);
  await fillSampleDatabase(db, Math.ceil(size / averageDocument));
  await db.collection('small').insertMany(Array.from({ length: smallDocuments }, (_, n) => ({ n })));
  return Number((await db.stats())['dataSize']);
}

/** From files and sockets; 0 where /proc is not there. */
async function readBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/io`, 'utf8').catch(() => '');
  return Number(/^rchar: (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Redis may be one that goes on after this. */
async function removeQueues(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url);
  const keys = await redis.keys(`${prefix}:*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
}

function withPath(uri: string, database: string): string {
  const url = new URL(uri);
  url.pathname = `/${database}`;
  return url.href;
}

/** Throws when a goal was missed; what was measured is to be kept before. */
export function demandGoals(result: RestoreBench): void {
  const missed = missedGoals(result);
  process.stdout.write(`${missed.length === 0 ? 'every goal met' : `missed: ${missed.join('; ')}`}\n`);
  if (missed.length === 0) return;
  throw new AppError({ code: 'internal/unexpected', stage: 'load', message: 'The restores missed their goals' });
}
