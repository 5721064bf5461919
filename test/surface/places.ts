import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import type { Db } from 'mongodb';
import { services } from '../services/services.js';
import type { ServiceProcess } from '../support/service-process.js';
import { findSecrets } from './find-secrets.js';

// Where a secret may lie: each function gives what is there, by name.

export type Place = readonly [name: string, text: string];

/** A secret that stands nowhere else. */
export const canary = (name: string): string => `canary-${name}-${randomBytes(12).toString('hex')}`;

/** Where which secrets stand: `PLACE: SECRET`, never the secret. */
export function leaksIn(places: readonly Place[], secrets: Readonly<Record<string, string>>): string[] {
  return places.flatMap(([name, text]) => findSecrets(text, secrets).map((secret) => `${name}: ${secret}`));
}

export function withPassword(url: string, password: string): string {
  const changed = new URL(url);
  changed.password = password;
  return changed.toString();
}

export function withDatabase(uri: string, name: string): string {
  const url = new URL(uri);
  url.pathname = `/${name}`;
  return url.toString();
}

/** Of a Redis of the test's own: it stops compressing what it dumps, for nothing is found in compressed bytes. */
export async function redisKeys(url: string): Promise<Place[]> {
  const connection = new Redis(url);
  try {
    await connection.config('SET', 'rdbcompression', 'no');
    const keys = await connection.keys('*');
    return await Promise.all(
      keys.map(async (key) => [key, key + (await connection.dumpBuffer(key)).toString('latin1')] as const),
    );
  } finally {
    connection.disconnect();
  }
}

/** All that these services wrote; a line that is no JSON, too. */
export function logs(processes: readonly ServiceProcess[]): Place[] {
  return processes.map(({ app, pid, lines, text }) => [
    `log of the ${app} ${pid}`,
    [...lines.map((line) => JSON.stringify(line)), ...text].join('\n'),
  ]);
}

export async function collections(catalog: Db): Promise<Place[]> {
  const names = await catalog.listCollections({}, { nameOnly: true }).toArray();
  return Promise.all(
    names.map(async ({ name }) => [name, JSON.stringify(await catalog.collection(name).find().toArray())] as const),
  );
}

export async function objects(bucket: string): Promise<Place[]> {
  const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
  const s3 = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
  try {
    const found: Place[] = [];
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    for (const { Key = '' } of Contents) {
      const { Body, Metadata } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
      found.push([Key, [Key, JSON.stringify(Metadata), bytes.toString('latin1')].join('\n')]);
    }
    return found;
  } finally {
    s3.destroy();
  }
}

export function files(folder: string): Place[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'latin1')]);
}

/** Command lines of the machine. Of our programs: the services of the test run have passwords of their own on theirs. */
export function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine)
    .filter((line) => !/redis-server|ferretdb|postgres|versitygw/.test(line));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Looks at the command lines of the machine again and again: a program that runs for a moment has one, too. */
export class CommandLines {
  readonly #seen = new Set<string>();
  readonly #timer = setInterval(() => this.#look(), 50);

  #look(): void {
    for (const line of commandLines()) this.#seen.add(line);
  }

  /** Those seen until now. */
  get text(): string {
    return [...this.#seen].join('\n');
  }

  stop(): string {
    clearInterval(this.#timer);
    this.#look();
    return this.text;
  }
}
