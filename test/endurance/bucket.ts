import { createHash } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { targetOfBackupId } from '#contracts';
import { services } from '../services/services.js';
import type { StoreView, StoredCommit, StoredObject } from './model/store-rules.js';

/** The sweeper's memory. */
export const sightingsKey = '_hazina/sightings.json';

export function readSightings(bytes: Buffer): { readonly sightings: { folder: string; firstSeen: string }[] } {
  return JSON.parse(bytes.toString()) as { sightings: { folder: string; firstSeen: string }[] };
}

/** The bucket as it is, past every proxy. Keys are below the prefix. */
export class Bucket {
  readonly #s3: S3Client;

  constructor(
    private readonly name: string,
    readonly prefix: string,
  ) {
    const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
    this.#s3 = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
  }

  async get(key: string): Promise<Buffer | null> {
    try {
      const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: this.name, Key: `${this.prefix}${key}` }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchKey') return null;
      throw error;
    }
  }

  async put(key: string, bytes: Buffer): Promise<void> {
    await this.#s3.send(new PutObjectCommand({ Bucket: this.name, Key: `${this.prefix}${key}`, Body: bytes }));
  }

  async remove(key: string): Promise<void> {
    await this.#s3.send(new DeleteObjectCommand({ Bucket: this.name, Key: `${this.prefix}${key}` }));
  }

  /** The `backup.json` of a backup; null when none stands. */
  async commitOf(backupId: string): Promise<{ startedAt: Date; completedAt: Date; dataKey: string } | null> {
    const folder = `${targetOfBackupId(backupId) ?? ''}/${backupId}/`;
    const bytes = await this.get(`${folder}backup.json`);
    if (bytes === null) return null;
    const { startedAt, completedAt, objects } = JSON.parse(bytes.toString()) as RawCommit;
    return {
      startedAt: new Date(startedAt),
      completedAt: new Date(completedAt),
      dataKey: `${folder}${objects.data.key}`,
    };
  }

  /** Every object, read and hashed. Plain ones are handed to `plain`. */
  async view(plain: (key: string, text: string) => void): Promise<StoreView> {
    const objects = new Map<string, StoredObject>();
    const commits = new Map<string, StoredCommit | null>();
    const marks = new Map<string, { pinned: boolean; label: string | null }>();
    let sighted: string[] = [];
    for (const key of await this.keys()) {
      const bytes = await this.get(key);
      if (bytes === null) continue;
      objects.set(key, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
      if (key.endsWith('.json')) plain(key, bytes.toString());
      const [, backupId = '', name] = key.split('/');
      if (name === 'backup.json') commits.set(backupId, readCommit(bytes));
      if (name === 'marks.json')
        marks.set(backupId, JSON.parse(bytes.toString()) as { pinned: boolean; label: string | null });
      if (key === sightingsKey) sighted = readSightings(bytes).sightings.map(({ folder }) => folder);
    }
    return { prefix: this.prefix, objects, commits, marks, sighted, uploads: await this.#uploads() };
  }

  async keys(): Promise<string[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#s3.send(
        new ListObjectsV2Command({ Bucket: this.name, ...(token === undefined ? {} : { ContinuationToken: token }) }),
      );
      keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key.slice(this.prefix.length)));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return keys;
  }

  close(): void {
    this.#s3.destroy();
  }

  async #uploads(): Promise<string[]> {
    const { Uploads } = await this.#s3.send(new ListMultipartUploadsCommand({ Bucket: this.name }));
    return (Uploads ?? []).map(({ Key = '' }) => Key.slice(this.prefix.length));
  }
}

interface RawCommit {
  readonly attempt: number;
  readonly startedAt: string;
  readonly completedAt: string;
  readonly objects: {
    readonly data: StoredObject & { key: string };
    readonly manifest: StoredObject & { key: string };
  };
}

function readCommit(bytes: Buffer): StoredCommit | null {
  try {
    const { attempt, objects } = JSON.parse(bytes.toString()) as RawCommit;
    return { attempt, data: objects.data, manifest: objects.manifest };
  } catch {
    return null;
  }
}
