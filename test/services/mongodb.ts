import type { Cache, Environment } from './cache.js';
import { installFerretdb, startFerretdb } from './ferretdb.js';
import type { Instance } from './instance.js';
import { secondsSince, type Log } from './log.js';
import { findMongod, startMongod } from './mongod.js';
import { mongodbVersion } from './mongodb-client.js';
import { allOf } from './all-of.js';
import { installPostgres } from './postgres-documentdb.js';
import { startPostgres } from './postgres-server.js';
import { ServiceError, withoutCredentials } from './service-error.js';
import type { MongodbState } from './service-state.js';

/**
 * MongoDB from the first of: `TEST_MONGODB_URI`; a mongod on the PATH; the package mongodb-memory-server;
 * FerretDB on PostgreSQL with DocumentDB, installed into the cache.
 */
export async function startMongodb(
  cache: Cache,
  instance: Instance,
  env: Environment,
  log: Log,
): Promise<MongodbState> {
  const given = env['TEST_MONGODB_URI'];
  if (given !== undefined && given !== '') return useGivenMongodb(given);
  const mongod = await findMongod(env, log);
  const started = Date.now();
  if (mongod !== undefined) {
    const { uri, version } = await startMongod(instance, mongod.binary);
    log(`MongoDB ${version} started in ${secondsSince(started)}: ${mongod.how}`);
    return { uri, version, how: mongod.how, server: { kind: 'mongod', binary: mongod.binary } };
  }
  return startFerretdbOnPostgres(cache, instance, env, log);
}

async function useGivenMongodb(uri: string): Promise<MongodbState> {
  try {
    return { uri, version: await mongodbVersion(uri), how: 'TEST_MONGODB_URI', server: { kind: 'external' } };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new ServiceError(
      `TEST_MONGODB_URI is set, but ${withoutCredentials(uri)} does not answer: ${withoutCredentials(cause)}`,
      'Start that server, correct the variable, or unset it to have a server found or installed',
      error,
    );
  }
}

async function startFerretdbOnPostgres(
  cache: Cache,
  instance: Instance,
  env: Environment,
  log: Log,
): Promise<MongodbState> {
  log('MongoDB: using FerretDB on PostgreSQL with DocumentDB');
  const [ferretdb, installation] = await allOf([installFerretdb(cache, env, log), installPostgres(cache, env, log)]);
  const started = Date.now();
  const postgres = await startPostgres(instance, installation);
  const { uri, version } = await startFerretdb(instance, { binary: ferretdb, postgres });
  const { postgresql, documentdb } = installation.versions;
  const how = `FerretDB 2.7.0 on PostgreSQL ${postgresql} with DocumentDB ${documentdb}`;
  log(`MongoDB started in ${secondsSince(started)}: ${how}, answers as ${version}`);
  return { uri, version, how, server: { kind: 'ferretdb', binary: ferretdb, postgres } };
}
