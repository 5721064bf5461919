import type { Cache, Environment } from './cache.js';
import { stateVariable } from './environment.js';
import { installFerretdb, startFerretdb } from './ferretdb.js';
import type { Instance } from './instance.js';
import { secondsSince, type Log } from './log.js';
import { findMongod, startMongod } from './mongod.js';
import { mongodbVersion } from './mongodb-client.js';
import { allOf } from './all-of.js';
import { installPostgres } from './postgres-documentdb.js';
import { startPostgres } from './postgres-server.js';
import { messageOf, ServiceError, withoutCredentials } from './service-error.js';
import { readState, type MongodbState } from './service-state.js';

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
  if (given !== undefined && given !== '') return useGivenMongodb(given, env, log);
  const mongod = await findMongod(env, log);
  const started = Date.now();
  if (mongod !== undefined) {
    const { uri, version } = await startMongod(instance, mongod.binary);
    log(`MongoDB ${version} started in ${secondsSince(started)}: ${mongod.how}`);
    return { uri, version, how: mongod.how, server: { kind: 'mongod', binary: mongod.binary } };
  }
  return startFerretdbOnPostgres(cache, instance, env, log);
}

async function useGivenMongodb(uri: string, env: Environment, log: Log): Promise<MongodbState> {
  try {
    const version = await mongodbVersion(uri);
    log(`MongoDB ${version}: TEST_MONGODB_URI`);
    // The variable may come from `services env`: then more is known of the server, and others can be started beside it.
    const ours = readState(env[stateVariable] ?? '')?.mongodb;
    const server: MongodbState['server'] = ours?.uri === uri ? ours.server : { kind: 'external' };
    return { uri, version, how: 'TEST_MONGODB_URI', server };
  } catch (error) {
    throw new ServiceError(
      `TEST_MONGODB_URI is set, but ${withoutCredentials(uri)} does not answer: ${withoutCredentials(messageOf(error))}`,
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
