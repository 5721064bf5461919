import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isErrno } from './process-mark.js';

export const serviceNames = ['mongodb', 'redis', 's3'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What was found, for messages and reports. */
export interface Found {
  /** For instance `mongod on the PATH (/usr/bin/mongod)`, `TEST_REDIS_URL`. */
  readonly how: string;
  /** As the server says it, for instance `7.0.14`. */
  readonly version: string;
}

/** The PostgreSQL below FerretDB. */
export interface PostgresState {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Folder of the system that it runs in. */
  readonly root: string;
}

export interface MongodbState extends Found {
  readonly uri: string;
  /** `external`: given by the environment, so that we can start nothing beside it. */
  readonly server:
    | { readonly kind: 'external' }
    | { readonly kind: 'mongod'; readonly binary: string }
    | { readonly kind: 'ferretdb'; readonly binary: string; readonly postgres: PostgresState };
}

export interface RedisState extends Found {
  readonly url: string;
}

export interface S3Connection {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

export interface S3State extends Found, S3Connection {}

/** Connection data of one set of services, as its state file holds it. */
export interface ServicesState {
  readonly format: 1;
  readonly mongodb?: MongodbState;
  readonly redis?: RedisState;
  readonly s3?: S3State;
}

export const emptyState: ServicesState = { format: 1 };

/** Undefined when there is no such file or another version of this code wrote it. */
export function readState(file: string): ServicesState | undefined {
  try {
    return parseState(readFileSync(file, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Readable by its owner alone: it holds the access key of the S3 server. */
export function writeState(file: string, state: ServicesState): void {
  const building = `${file}.${process.pid}`;
  writeFileSync(building, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(building, file);
}

export function parseState(text: string): ServicesState | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('format' in value) || value.format !== emptyState.format) return undefined;
  return value as ServicesState;
}
