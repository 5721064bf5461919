import { randomBytes } from 'node:crypto';
import { startFerretdb, type FrontEndOptions } from './ferretdb.js';
import { endProcesses, forgetProcess, type Instance, type ServiceProcess } from './instance.js';
import { spawnMongod, startMongod, startMongodWithAuth } from './mongod.js';
import { mongodbVersion } from './mongodb-client.js';
import { psql } from './postgres-server.js';
import { isAlive, signalProcess } from './process-mark.js';
import { ServiceError } from './service-error.js';
import type { MongodbState } from './service-state.js';
import { startOnFreePort, waitUntilReady } from './spawn-service.js';
import { waitUntil } from './wait-until.js';

export interface ExtraMongodb {
  readonly uri: string;
  readonly port: number;
  /** True: it shows the data of the common server (a further FerretDB); false: a server with data of its own. */
  readonly sharesData: boolean;
  /** Sends the signal (default SIGKILL) and waits until the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port, with the same data, after kill(). */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface AuthenticatedMongodb {
  /** With user and password. */
  readonly uri: string;
  /** The same server without them. */
  readonly anonymousUri: string;
  readonly username: string;
  readonly password: string;
  stop(): Promise<void>;
}

/** A server for tests that kill it and start it again. */
export async function startExtraMongodb(instance: Instance, mongodb: MongodbState): Promise<ExtraMongodb> {
  const { server } = mongodb;
  if (server.kind === 'external') throw cannotStartBeside(mongodb);
  const first =
    server.kind === 'ferretdb'
      ? await startFerretdb(instance, server)
      : await startOnFreePort(instance, async (port, started) => {
          const process = spawnMongod(instance, server.binary, port);
          started(process);
          const uri = `mongodb://127.0.0.1:${port}/`;
          await waitUntilReady(process, () => mongodbVersion(uri));
          return { uri, port, process };
        });
  const { uri, port } = first;
  let current: ServiceProcess = first.process;
  return {
    uri,
    port,
    sharesData: server.kind === 'ferretdb',
    async kill(signal = 'SIGKILL') {
      signalProcess(current, signal);
      await waitUntil(() => !isAlive(current), { what: `the end of ${current.name} after ${signal}` });
      forgetProcess(instance, current);
    },
    async restart() {
      if (isAlive(current)) throw new ServiceError(`${current.name} still runs: kill it before restart()`);
      if (server.kind === 'ferretdb') {
        current = (await startFerretdb(instance, { ...server, port })).process;
      } else {
        current = spawnMongod(instance, server.binary, port);
        await waitUntilReady(current, () => mongodbVersion(uri));
      }
    },
    async stop() {
      await endProcesses(instance, [current]);
    },
  };
}

export interface ReplicaSet {
  readonly uri: string;
  stop(): Promise<void>;
}

/** A replica set of one member with data of its own, where a mongod was found: nothing else can be one. */
export async function startReplicaSet(instance: Instance, mongodb: MongodbState): Promise<ReplicaSet> {
  const { server, how } = mongodb;
  if (server.kind !== 'mongod') throw new ServiceError(`MongoDB comes from ${how}: only a mongod can be a replica set`);
  const { uri, process } = await startMongod(instance, server.binary);
  return { uri, stop: () => endProcesses(instance, [process]) };
}

/**
 * A server that lets nobody in without a password. FerretDB: a further process on the same PostgreSQL (the data is
 * that of the common server) and a role there; mongod: a server with data of its own and a user with the role `root`.
 */
export async function startAuthenticatedMongodb(
  instance: Instance,
  mongodb: MongodbState,
  wanted: { readonly username?: string; readonly password?: string } = {},
): Promise<AuthenticatedMongodb> {
  const { server } = mongodb;
  if (server.kind === 'external') throw cannotStartBeside(mongodb);
  const credentials = {
    username: wanted.username ?? `user_${randomBytes(4).toString('hex')}`,
    password: wanted.password ?? randomBytes(12).toString('hex'),
  };
  const started =
    server.kind === 'mongod'
      ? await startMongodWithAuth(instance, server.binary, credentials)
      : await startFerretdbWithAuth(instance, server, credentials);
  return {
    ...credentials,
    uri: started.uri,
    anonymousUri: `mongodb://127.0.0.1:${started.port}/`,
    async stop() {
      await endProcesses(instance, [started.process]);
      if (server.kind === 'ferretdb')
        await psql(server.postgres, `drop role if exists ${identifier(credentials.username)}`);
    },
  };
}

type Credentials = NonNullable<FrontEndOptions['credentials']>;

async function startFerretdbWithAuth(
  instance: Instance,
  server: MongodbState['server'] & { kind: 'ferretdb' },
  credentials: Credentials,
) {
  const { username, password } = credentials;
  const literal = `'${password.replaceAll("'", "''")}'`;
  // Backslashes are plain in a literal: standard_conforming_strings is on by default.
  await psql(server.postgres, `create role ${identifier(username)} login superuser password ${literal}`);
  return startFerretdb(instance, { ...server, credentials });
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function cannotStartBeside({ how }: MongodbState): ServiceError {
  return new ServiceError(
    `MongoDB comes from ${how}: a further server cannot be started beside it`,
    'Unset TEST_MONGODB_URI to have a server found or installed, or skip this test',
  );
}
