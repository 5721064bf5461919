/** What tests use: the services that the global set-up (or the environment) gave them, and unique names on them. */
import {
  startAuthenticatedMongodb as startAuthenticated,
  startExtraMongodb as startExtra,
  startReplicaSet as startSet,
  type AuthenticatedMongodb,
  type ExtraMongodb,
  type ReplicaSet,
} from './extra-mongodb.js';
import { stateVariable } from './environment.js';
import { instanceOfStateFile, type Instance } from './instance.js';
import { psql as runPsql } from './postgres-server.js';
import { createBucket as create, removeBucket as remove } from './s3-client.js';
import { ServiceError } from './service-error.js';
import { readState, type MongodbState, type PostgresState, type S3Connection } from './service-state.js';
import { uniqueBucket } from './unique-names.js';

export { waitUntil, type WaitOptions } from './wait-until.js';
export { uniqueBucket, uniqueDatabase } from './unique-names.js';
export { freePort } from './free-port.js';
export type { AuthenticatedMongodb, ExtraMongodb, ReplicaSet } from './extra-mongodb.js';
export type { PostgresState, S3Connection } from './service-state.js';

export interface TestServices {
  readonly mongodbUri: string;
  readonly s3: S3Connection;
  /** Throws when no Redis was started for this run. */
  readonly redisUrl: string;
  /** The server below: `ferretdb` (with its limits, see docs), `mongod`, or `external` (given by TEST_MONGODB_URI). */
  readonly mongodbKind: MongodbState['server']['kind'];
  /** The PostgreSQL below FerretDB; undefined with any other server. */
  readonly postgres: PostgresState | undefined;
}

export function services(): TestServices {
  const server = mongodbState()?.server;
  return {
    get mongodbUri() {
      return variable('TEST_MONGODB_URI');
    },
    get redisUrl() {
      return variable('TEST_REDIS_URL');
    },
    get s3() {
      return {
        endpoint: variable('TEST_S3_ENDPOINT'),
        accessKeyId: variable('TEST_S3_ACCESS_KEY_ID'),
        secretAccessKey: variable('TEST_S3_SECRET_ACCESS_KEY'),
        region: process.env['TEST_S3_REGION'] ?? 'us-east-1',
      };
    },
    mongodbKind: server?.kind ?? 'external',
    postgres: server?.kind === 'ferretdb' ? server.postgres : undefined,
  };
}

/** Makes a bucket, by default with a unique name, and returns the name. */
export async function createBucket(name = uniqueBucket()): Promise<string> {
  await create(services().s3, name);
  return name;
}

export async function removeBucket(name: string): Promise<void> {
  await remove(services().s3, name);
}

/** Runs SQL on the PostgreSQL below FerretDB (services.md: how to make views and validators there). */
export async function psql(sql: string): Promise<string> {
  const { postgres } = services();
  if (postgres === undefined) throw new ServiceError('The MongoDB of this run is not FerretDB: it has no PostgreSQL');
  return runPsql(postgres, sql);
}

/** A server for tests that kill and restart it; stop it in afterAll. */
export async function startExtraMongodb(): Promise<ExtraMongodb> {
  const { instance, mongodb } = ownSet();
  return startExtra(instance, mongodb);
}

/** A replica set with data of its own, only where `mongodbKind` is `mongod`; stop it in afterAll. */
export async function startReplicaSet(): Promise<ReplicaSet> {
  const { instance, mongodb } = ownSet();
  return startSet(instance, mongodb);
}

/** A server that demands a user and a password; stop it in afterAll. */
export async function startAuthenticatedMongodb(
  wanted: { readonly username?: string; readonly password?: string } = {},
): Promise<AuthenticatedMongodb> {
  const { instance, mongodb } = ownSet();
  return startAuthenticated(instance, mongodb, wanted);
}

function ownSet(): { instance: Instance; mongodb: MongodbState } {
  const mongodb = mongodbState();
  const stateFile = process.env[stateVariable];
  if (mongodb === undefined || stateFile === undefined) {
    throw new ServiceError(
      'The MongoDB of this run was given by TEST_MONGODB_URI: a further server cannot be started beside it',
      'Unset the variable to have a server found or installed, or skip this test',
    );
  }
  return { instance: instanceOfStateFile(stateFile), mongodb };
}

/** Of the set that this run started or took over whole; undefined when TEST_MONGODB_URI names another server. */
function mongodbState(): MongodbState | undefined {
  const stateFile = process.env[stateVariable];
  if (stateFile === undefined) return undefined;
  const mongodb = readState(stateFile)?.mongodb;
  return mongodb?.uri === process.env['TEST_MONGODB_URI'] ? mongodb : undefined;
}

function variable(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new ServiceError(
    `${name} is not set: this test needs a service that was not started`,
    'Run it as an integration test (npm test), or: npm run services -- start, then eval "$(npm run --silent services -- env)"',
  );
}
