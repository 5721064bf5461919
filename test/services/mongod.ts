import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './cache.js';
import { userInfo } from './ferretdb.js';
import { findProgram } from './find-program.js';
import type { Instance, ServiceProcess } from './instance.js';
import type { Log } from './log.js';
import { mongodbVersion, withMongoClient } from './mongodb-client.js';
import { messageOf } from './service-error.js';
import { spawnService, startOnFreePort, waitUntilReady } from './spawn-service.js';
import { waitUntil } from './wait-until.js';

export interface MongodBinary {
  readonly binary: string;
  readonly how: string;
}

export interface RunningMongod {
  readonly uri: string;
  readonly port: number;
  readonly version: string;
  readonly process: ServiceProcess;
}

/** A mongod of this machine: on the PATH, or downloaded by the package mongodb-memory-server where that is installed. */
export async function findMongod(env: Environment, log: Log): Promise<MongodBinary | undefined> {
  const onPath = findProgram('mongod', env);
  if (onPath !== undefined) return { binary: onPath, how: `mongod on the PATH (${onPath})` };
  const downloaded = await downloadMongod(log);
  if (downloaded !== undefined) return { binary: downloaded, how: `mongodb-memory-server (${downloaded})` };
  return undefined;
}

/** One attempt with a short limit: where downloads are blocked it must not hold up everything else. */
async function downloadMongod(log: Log, limitMs = 30_000): Promise<string | undefined> {
  // A name in a variable: the package is no dependency of this project and need not resolve.
  const packageName = 'mongodb-memory-server';
  let loaded: unknown;
  try {
    loaded = await import(packageName);
  } catch {
    log('MongoDB: no mongod on the PATH, and the package mongodb-memory-server is not installed');
    return undefined;
  }
  log('MongoDB: no mongod on the PATH; asking mongodb-memory-server for one (30 s at most) …');
  let timer: NodeJS.Timeout | undefined;
  try {
    const limit = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no mongod after ${limitMs / 1000} s`));
      }, limitMs);
    });
    return await Promise.race([binaryOf(loaded), limit]);
  } catch (error) {
    log(`MongoDB: mongodb-memory-server brought none (${messageOf(error)})`);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

interface MemoryServerPackage {
  readonly MongoBinary: { getPath(options: object): Promise<string> };
}

async function binaryOf(loaded: unknown): Promise<string> {
  if (!isMemoryServerPackage(loaded)) throw new Error('it has no MongoBinary.getPath');
  return loaded.MongoBinary.getPath({});
}

function isMemoryServerPackage(loaded: unknown): loaded is MemoryServerPackage {
  return typeof loaded === 'object' && loaded !== null && 'MongoBinary' in loaded;
}

/** A replica set of one member, so that snapshot sessions, transactions and the oplog are there to be tested. */
export async function startMongod(instance: Instance, binary: string): Promise<RunningMongod> {
  return startOnFreePort(instance, async (port, started) => {
    const process = spawnMongod(instance, binary, port, ['--replSet', 'hazina']);
    started(process);
    const direct = `mongodb://127.0.0.1:${port}/?directConnection=true`;
    await waitUntilReady(process, () => mongodbVersion(direct));
    await withMongoClient(direct, async (client) => {
      const members = [{ _id: 0, host: `127.0.0.1:${port}` }];
      await client.db('admin').command({ replSetInitiate: { _id: 'hazina', members } });
      await waitUntil(async () => (await client.db('admin').command({ hello: 1 }))['isWritablePrimary'] === true, {
        what: `the mongod on port ${port} to become primary`,
        timeoutMs: 30_000,
      });
    });
    const uri = `mongodb://127.0.0.1:${port}/?replicaSet=hazina`;
    return { uri, port, version: await mongodbVersion(uri), process };
  });
}

/** A single mongod that lets nobody in without a password; the user has the role `root`. */
export async function startMongodWithAuth(
  instance: Instance,
  binary: string,
  credentials: { readonly username: string; readonly password: string },
): Promise<RunningMongod> {
  return startOnFreePort(instance, async (port, started) => {
    const process = spawnMongod(instance, binary, port, ['--auth']);
    started(process);
    const open = `mongodb://127.0.0.1:${port}/`;
    // The first user may be made from this machine without one.
    await waitUntilReady(process, () =>
      withMongoClient(open, (client) => {
        const { username, password } = credentials;
        return client.db('admin').command({ createUser: username, pwd: password, roles: ['root'] });
      }),
    );
    const uri = `mongodb://${userInfo(credentials)}127.0.0.1:${port}/`;
    return { uri, port, version: await mongodbVersion(uri), process };
  });
}

/** Starts a mongod; on the port and data of an earlier one when it is started again. */
export function spawnMongod(
  instance: Instance,
  binary: string,
  port: number,
  more: readonly string[] = [],
): ServiceProcess {
  const dataFolder = join(instance.folder, `mongod-${port}`);
  mkdirSync(dataFolder, { recursive: true });
  return spawnService(instance, {
    service: 'mongodb',
    name: `mongod-${port}`,
    command: binary,
    args: ['--port', String(port), '--bind_ip', '127.0.0.1', '--dbpath', dataFolder, '--nounixsocket', ...more],
    dataFolder,
  });
}
