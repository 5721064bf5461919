import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { MongoClient } from 'mongodb';
import { createBucket, removeBucket, services, uniqueDatabase } from '../services/services.js';
import { processesOf, temporaryFiles } from './leftovers.js';
import { hazina } from './run-hazina.js';

export type Environment = Record<string, string>;

/** A database of its own, a folder of its own and a key: what a command-line test needs, and how to look at what a command left behind. */
export class CliWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'hazina-e2e-'));
  readonly database = uniqueDatabase('e2e');
  readonly client = new MongoClient(services().mongodbUri);
  readonly #buckets: string[] = [];
  readonly key = `hex:${randomBytes(32).toString('hex')}`;
  /** Where commands put their temporary files. */
  readonly temporary = join(this.folder, 'tmp');

  constructor() {
    mkdirSync(this.temporary);
  }

  /** Environment for a store in a folder. */
  get environment(): Environment {
    return {
      MONGODB_URI: this.uri(this.database),
      TARGET_URI: services().mongodbUri,
      BACKUP_TARGET_NAME: 'clinic',
      BACKUP_ENCRYPTION_KEY: this.key,
      BACKUP_DIRECTORY: join(this.folder, 'store'),
      BACKUP_ENGINE: 'native',
      TMPDIR: this.temporary,
    };
  }

  /** Environment for a store in a bucket of its own. */
  async s3Environment(): Promise<Environment> {
    const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
    const { BACKUP_DIRECTORY: _directory, ...rest } = this.environment;
    const bucket = await createBucket();
    this.#buckets.push(bucket);
    return {
      ...rest,
      S3_BACKUP_BUCKET: bucket,
      S3_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: region,
    };
  }

  /** Runs a command that must fail as spec/cli.md says: an error object on the last line of stderr, with a next step, and no secret anywhere. */
  async failing(args: readonly string[], environment: Environment): Promise<CliError> {
    const run = await hazina([...args, '--json'], environment);
    const error = errorOf(run.stderr);
    if (error.exitCode !== run.code)
      throw new Error(`the error says exit code ${error.exitCode}, the process ${run.code}`);
    if (error.hint === null || error.hint === '') throw new Error(`no next step: ${run.stderr}`);
    if ((run.stderr + run.stdout).includes(this.key.slice(4))) throw new Error('the key is in the output');
    return error;
  }

  uri(database: string): string {
    const url = new URL(services().mongodbUri);
    url.pathname = `/${database}`;
    return url.toString();
  }

  async close(): Promise<void> {
    const { databases } = await this.client.db().admin().listDatabases({ nameOnly: true });
    for (const { name } of databases) if (name.startsWith(this.database)) await this.client.db(name).dropDatabase();
    await this.client.close();
    for (const bucket of this.#buckets) await removeBucket(bucket);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A backup that must succeed; its `backup.json`. */
  async backup(environment: Environment, ...args: string[]): Promise<Record<string, unknown> & { backupId: string }> {
    const run = await hazina(['backup', '--json', ...args], environment);
    if (run.code !== 0) throw new Error(`hazina backup ended with ${run.code}: ${run.stderr}`);
    return JSON.parse(run.stdout) as Record<string, unknown> & { backupId: string };
  }

  /** What commands left running or lying about: processes that were started with this world's folder in their environment, and temporary files. */
  leftovers(): string[] {
    return [...processesOf(this.folder), ...temporaryFiles(this.temporary)];
  }

  /** Every file of the folder store, hidden ones too, but the store's identity. */
  storedFiles(): string[] {
    const root = join(this.folder, 'store');
    const walk = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? walk(path) : [relative(root, path)];
      });
    try {
      return walk(root).filter((path) => path !== 'hazina.json');
    } catch {
      return [];
    }
  }

  /** Every object and open upload of a bucket, but the store's identity. */
  async bucketContents(environment: Environment): Promise<string[]> {
    const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
    const s3 = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
    try {
      const Bucket = environment['S3_BACKUP_BUCKET'];
      const objects = await s3.send(new ListObjectsV2Command({ Bucket }));
      const uploads = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
      return [
        ...(objects.Contents ?? []).map(({ Key = '' }) => Key).filter((key) => !key.endsWith('/hazina.json')),
        ...(uploads.Uploads ?? []).map(({ Key = '' }) => `upload of ${Key}`),
      ];
    } finally {
      s3.destroy();
    }
  }

  /** Names of all collections of a database of the test server. */
  async collections(database: string): Promise<string[]> {
    const found = await this.client.db(database).listCollections({}, { nameOnly: true }).toArray();
    return found.map(({ name }) => name).sort();
  }
}

export interface CliError {
  readonly code: string;
  readonly stage: string;
  readonly message: string;
  readonly hint: string | null;
  readonly exitCode: number;
}

/** The error object on the last line of stderr, as `--json` promises it. */
export function errorOf(stderr: string): CliError {
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  return JSON.parse(last) as CliError;
}
