import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import { MongoClient, type Document } from 'mongodb';
import { createBucket, removeBucket, services, uniqueDatabase } from '../services/services.js';
import { ApiClient, makeToken, type Role } from './api-client.js';
import { fillSampleDatabase } from './sample-data.js';
import { ServiceProcess, type Preload } from './service-process.js';
import { withoutMarks } from './without-marks.js';

export type Settings = Readonly<Record<string, string>>;

/** An installation of its own on the real services: source, catalogue, queue prefix, store, key; and the processes that a test starts on it. */
export class ServiceWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'hazina-service-'));
  /** Where its processes put their temporary files. */
  readonly temporary = join(this.folder, 'tmp');
  readonly client = new MongoClient(services().mongodbUri);
  readonly source = uniqueDatabase('source');
  readonly catalog = uniqueDatabase('catalog');
  readonly jwtSecret = randomBytes(32).toString('hex');
  readonly key = `hex:${randomBytes(32).toString('hex')}`;
  /** All that were started, the ended ones too. */
  readonly processes: ServiceProcess[] = [];
  bucket: string | undefined;
  settings: Settings;
  /** What is loaded into the processes that are started from now on. */
  preloads: readonly Preload[] = ['process-probe'];

  private constructor(settings: Settings) {
    this.settings = settings;
    mkdirSync(this.temporary);
  }

  /** With a bucket of its own, or with a folder. Short leases and beats, so that takeovers show within seconds. */
  static async create(store: 'bucket' | 'folder', settings: Settings = {}): Promise<ServiceWorld> {
    const world = new ServiceWorld({
      REDIS_URL: services().redisUrl,
      REDIS_PREFIX: uniqueDatabase('hazina'),
      BACKUP_TARGET_NAME: 'clinic',
      BACKUP_ENGINE: 'native',
      BACKUP_SCHEDULE: 'off',
      BACKUP_CLEANUP_SCHEDULE: 'off',
      BACKUP_LEASE_SECONDS: '6',
      BACKUP_BEAT_SECONDS: '1',
      BACKUP_REAPER_SECONDS: '2',
      BACKUP_DIRECTORY_RESERVE_BYTES: '0',
      LOG_LEVEL: 'debug',
      ...settings,
    });
    if (store === 'bucket') world.bucket = await createBucket();
    return world;
  }

  get sourceUri(): string {
    return this.uri(this.source);
  }

  /** What API and worker share. */
  get environment(): Settings {
    const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
    const store: Settings =
      this.bucket === undefined
        ? { BACKUP_DIRECTORY: join(this.folder, 'store') }
        : {
            S3_BACKUP_BUCKET: this.bucket,
            S3_ENDPOINT: endpoint,
            AWS_ACCESS_KEY_ID: accessKeyId,
            AWS_SECRET_ACCESS_KEY: secretAccessKey,
            AWS_REGION: region,
          };
    return { CATALOG_MONGODB_URI: this.uri(this.catalog), TMPDIR: this.temporary, ...store, ...this.settings };
  }

  /** For the CLI: store, key, and the server as TARGET_URI. */
  get cliEnvironment(): Settings {
    const { CATALOG_MONGODB_URI: _catalog, ...rest } = this.environment;
    return { ...rest, MONGODB_URI: this.sourceUri, BACKUP_ENCRYPTION_KEY: this.key, TARGET_URI: services().mongodbUri };
  }

  async startApi(settings: Settings = {}): Promise<ServiceProcess> {
    return this.#keep(
      await ServiceProcess.start(
        'api',
        { ...this.environment, JWT_SECRET: this.jwtSecret, ...settings },
        this.preloads,
      ),
    );
  }

  async startWorker(settings: Settings = {}): Promise<ServiceProcess> {
    return this.#keep(await ServiceProcess.start('worker', this.#ofWorker(settings), this.preloads));
  }

  /** Begins one without waiting for anything. */
  spawnWorker(settings: Settings = {}): ServiceProcess {
    return this.#keep(ServiceProcess.spawn('worker', this.#ofWorker(settings)));
  }

  /** The settings of an installation with these targets; all of them back up the source. */
  withTargets(name: string, targets: readonly Readonly<Record<string, string>>[]): Settings {
    const path = join(this.folder, `${name}.yaml`);
    // JSON is YAML.
    writeFileSync(
      path,
      JSON.stringify({ targets: targets.map((target) => ({ uriVariable: 'MONGODB_URI', ...target })) }),
    );
    return { BACKUP_TARGETS_FILE: path };
  }

  as(role: Role, api: ServiceProcess): ApiClient {
    return new ApiClient(api.url, makeToken(this.jwtSecret, role));
  }

  fill(documents: number): ReturnType<typeof fillSampleDatabase> {
    return fillSampleDatabase(this.client.db(this.source), documents);
  }

  /** Records as they stand in the catalogue's own collection: for what the API does not show. */
  records(filter: Document = {}): Promise<Document[]> {
    return this.client.db(this.catalog).collection('backups').find(filter).toArray();
  }

  /** Removes objects of the bucket, behind the service's back. */
  async removeKeys(keys: readonly string[]): Promise<void> {
    await this.#withS3(async (s3) => {
      for (const Key of keys) await s3.send(new DeleteObjectCommand({ Bucket: this.bucket, Key }));
    });
  }

  /** Keys and open uploads of the bucket. */
  inStore(): Promise<{ keys: string[]; uploads: string[] }> {
    return this.#withS3(async (s3) => {
      const objects = await s3.send(new ListObjectsV2Command({ Bucket: this.bucket }));
      const uploads = await s3.send(new ListMultipartUploadsCommand({ Bucket: this.bucket }));
      return {
        keys: withoutMarks((objects.Contents ?? []).map(({ Key = '' }) => Key)).sort(),
        uploads: (uploads.Uploads ?? []).map(({ Key = '' }) => Key),
      };
    });
  }

  uri(database: string): string {
    const url = new URL(services().mongodbUri);
    url.pathname = `/${database}`;
    return url.toString();
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.processes.map((process) => process.stop('SIGKILL')));
    await this.client.db(this.source).dropDatabase();
    await this.client.db(this.catalog).dropDatabase();
    await this.client.close();
    if (this.bucket !== undefined) await removeBucket(this.bucket);
    await this.#forgetQueue();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #withS3<T>(work: (s3: S3Client) => Promise<T>): Promise<T> {
    const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
    const credentials = { accessKeyId, secretAccessKey };
    const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    try {
      return await work(s3);
    } finally {
      s3.destroy();
    }
  }

  #ofWorker(settings: Settings): Settings {
    return { ...this.environment, MONGODB_URI: this.sourceUri, BACKUP_ENCRYPTION_KEY: this.key, ...settings };
  }

  /** In the Redis that all tests share; another one goes with its test. */
  async #forgetQueue(): Promise<void> {
    if (this.settings['REDIS_URL'] !== services().redisUrl) return;
    const redis = new Redis(services().redisUrl);
    const keys = await redis.keys(`${this.settings['REDIS_PREFIX'] ?? ''}:*`);
    if (keys.length > 0) await redis.del(...keys);
    redis.disconnect();
  }

  #keep(process: ServiceProcess): ServiceProcess {
    this.processes.push(process);
    return process;
  }
}
