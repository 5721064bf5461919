import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { createLog } from '#logging';
import { WorkerLog } from '../../apps/worker/src/logging/worker-log.js';
import { HazinaWorker } from '../../apps/worker/src/worker.js';
import type { Tuning } from '../../apps/worker/src/core/tuning.js';
import { backupJob, type NewBackup } from '#catalog';
import { loadWorkerConfig } from '#config';
import { AppError, Secret, systemClock, type BackupRecord } from '#contracts';
import { KeyRing, parseKey } from '#crypto';
import { createJobQueue, type JobQueue } from '#queue';
import { createStore, type ObjectStore } from '#storage';
import { createBucket, removeBucket, services, uniqueDatabase, waitUntil } from '../services/services.js';
import { catalogUri, catalogWorld, manualBackup, type CatalogWorld } from './catalog-world.js';
import { sampleDocument, seededRandom } from './sample-data.js';
import { withoutMarks } from './without-marks.js';

export type Environment = Record<string, string>;
export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A worker of a test, in this process. */
export interface RunningWorker {
  readonly worker: HazinaWorker;
  readonly port: number;
  readonly lines: readonly LogLine[];
  readonly end: () => Promise<void>;
}

/** Short times: what takes minutes for people takes seconds here. */
const quick: Partial<Tuning> = {
  ...{ retryBaseMs: 200, persistPauseMs: 100, persistMostMs: 500, startPauseMs: 200, progressMs: 100 },
  // Not beside what a test counts: tests of these looks ask for them.
  examineAfterMs: 3_600_000,
  locks: { drainDelay: 1 },
};

/** A catalogue, a queue, a bucket, a database with a few documents, and workers on all of it. Everything is real and its own. */
export class WorkerWorld {
  readonly key = `hex:${randomBytes(32).toString('hex')}`;
  readonly source = uniqueDatabase('source');
  readonly folder = mkdtempSync(join(tmpdir(), 'hazina-worker-'));
  /** By path: what a worker reads as files; a test may change them. */
  readonly files = new Map<string, string>();
  readonly #ends: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly prefix: string,
    readonly catalogs: CatalogWorld,
    readonly client: MongoClient,
    readonly queue: JobQueue,
    readonly bucket: string,
  ) {}

  static async open(): Promise<WorkerWorld> {
    const prefix = `test-${randomBytes(6).toString('hex')}`;
    const redisUrl = new Secret(services().redisUrl);
    const queue = createJobQueue({ redisUrl, prefix, clock: systemClock, connectionName: 'hazina-test' });
    const client = await MongoClient.connect(services().mongodbUri);
    return new WorkerWorld(prefix, await catalogWorld(), client, queue, await createBucket());
  }

  get catalog() {
    return this.catalogs.catalog;
  }

  /** What a worker's process would have; a bucket is the store. */
  environment(more: Environment = {}): Environment {
    const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
    return {
      ...{ MONGODB_URI: catalogUri(this.source), CATALOG_MONGODB_URI: catalogUri(this.catalogs.database) },
      ...{ REDIS_URL: services().redisUrl, REDIS_PREFIX: this.prefix, BACKUP_TARGET_NAME: 'clinic' },
      ...{ S3_BACKUP_BUCKET: this.bucket, S3_ENDPOINT: endpoint, AWS_REGION: region },
      ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      ...{ BACKUP_ENCRYPTION_KEY: this.key, BACKUP_ENGINE: 'native', BACKUP_VERIFY: 'off', LOG_LEVEL: 'debug' },
      ...{ WORKER_HOST: '127.0.0.1', WORKER_PORT: '0' },
      ...more,
    };
  }

  /** Documents to back up. */
  async fill(documents: number): Promise<void> {
    const random = seededRandom(7);
    const all = Array.from({ length: documents }, (_, index) => sampleDocument('patients', index, random));
    const patients = this.client.db(this.source).collection('patients');
    for (let at = 0; at < all.length; at += 2_000) await patients.insertMany(all.slice(at, at + 2_000));
  }

  async worker(more: Environment = {}, tuning: Partial<Tuning> = {}): Promise<RunningWorker> {
    const started = await this.startWorker(more, tuning);
    await started.worker.begin();
    return started;
  }

  /** Listening, and not yet begun. */
  async startWorker(more: Environment = {}, tuning: Partial<Tuning> = {}): Promise<RunningWorker> {
    const environment = this.environment(more);
    const load = () =>
      loadWorkerConfig({ environment, readFile: (path) => this.#file(path), workingDirectory: this.folder });
    const config = await load();
    const lines: LogLine[] = [];
    const write = (line: string) => lines.push(JSON.parse(line) as LogLine);
    const log = new WorkerLog(createLog({ service: 'hazina-worker', level: config.logLevel, version: 'test', write }));
    const worker = new HazinaWorker({ config, version: '0.0.0-test', log, load, tuning: { ...quick, ...tuning } });
    const port = await worker.listen();
    let ending: Promise<void> | undefined;
    const end = () => (ending ??= worker.end());
    this.#ends.push(end);
    return { worker, port, lines, end };
  }

  /** A pending record, without its job. */
  async insert(more: Partial<NewBackup> = {}): Promise<BackupRecord> {
    const inserted = await this.catalog.backups.insert(manualBackup('clinic', more));
    if (inserted.outcome !== 'inserted') throw new Error(`not inserted: ${inserted.outcome}`);
    return inserted.record;
  }

  /** A pending record and its job. */
  async trigger(more: Partial<NewBackup> = {}): Promise<string> {
    const record = await this.insert(more);
    await this.queue.add(backupJob(record));
    return record.backupId;
  }

  async record(backupId: string): Promise<BackupRecord> {
    const record = await this.catalog.backups.find(backupId);
    if (record === null) throw new Error(`there is no record ${backupId}`);
    return record;
  }

  until(
    backupId: string,
    isSo: (record: BackupRecord) => boolean,
    options: { what: string; timeoutMs?: number } = { what: '' },
  ): Promise<BackupRecord> {
    let seen: BackupRecord | undefined;
    return waitUntil(
      async () => {
        seen = await this.record(backupId);
        return isSo(seen) ? seen : undefined;
      },
      { timeoutMs: 20_000, intervalMs: 50, ...options, onTimeout: () => JSON.stringify(seen, undefined, 1) },
    );
  }

  /** Every key in the bucket (see `withoutMarks`), and its open uploads. */
  async stored(): Promise<string[]> {
    return this.withStore(async (store) => {
      const keys: string[] = [];
      for await (const { key } of store.list('')) if (key !== 'hazina.json') keys.push(key);
      for await (const { key } of store.listUploads('')) keys.push(`upload of ${key}`);
      return withoutMarks(keys).sort();
    });
  }

  async withStore<T>(action: (store: ObjectStore) => Promise<T>, more: Environment = {}): Promise<T> {
    const environment = this.environment(more);
    const config = await loadWorkerConfig({ environment, readFile: noFile, workingDirectory: this.folder });
    const store = await createStore(config.store);
    try {
      return await action(store);
    } finally {
      await store.close();
    }
  }

  ring(): KeyRing {
    return new KeyRing({ current: [parseKey(new Secret(this.key), 'test').key], retired: [] });
  }

  #file(path: string): Buffer {
    const text = this.files.get(path);
    return text === undefined ? noFile(path) : Buffer.from(text);
  }

  /** Also what a test that failed left running. */
  async endWorkers(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end().catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.endWorkers();
    await this.queue.close();
    const redis = new Redis(services().redisUrl);
    const keys = await redis.keys(`${this.prefix}:*`);
    if (keys.length > 0) await redis.del(...keys);
    redis.disconnect();
    await this.client.db(this.source).dropDatabase();
    await this.client.close();
    await this.catalogs.close();
    await removeBucket(this.bucket);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function noFile(path: string): Buffer {
  throw new AppError({ code: 'config/invalid', stage: 'config', message: `no file is read in this test: ${path}` });
}
