import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cache, Environment } from './cache.js';
import { goInstall } from './go-install.js';
import type { Instance, ServiceProcess } from './instance.js';
import type { Log } from './log.js';
import { mongodbVersion } from './mongodb-client.js';
import type { PostgresState } from './service-state.js';
import { spawnService, startOnFreePort, waitUntilReady } from './spawn-service.js';

export function installFerretdb(cache: Cache, env: Environment, log: Log): Promise<string> {
  return goInstall(
    cache,
    {
      name: 'ferretdb',
      packagePath: 'github.com/FerretDB/FerretDB/v2/cmd/ferretdb',
      version: 'v2.7.0',
      seconds: 40,
      instead: 'TEST_MONGODB_URI',
    },
    env,
    log,
  );
}

export interface FrontEnd {
  readonly uri: string;
  readonly port: number;
  /** As the server says it to a MongoDB client. */
  readonly version: string;
  readonly process: ServiceProcess;
}

export interface FrontEndOptions {
  readonly binary: string;
  readonly postgres: PostgresState;
  /** Given: clients must authenticate, and these are for the first ping. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** A port that is known to be ours, for a restart; else a free one. */
  readonly port?: number;
}

/** One FerretDB process: it keeps no data itself, any number may stand before the same PostgreSQL. */
export async function startFerretdb(instance: Instance, options: FrontEndOptions): Promise<FrontEnd> {
  const { port } = options;
  if (port !== undefined) return startOn(instance, options, port, () => undefined);
  return startOnFreePort(instance, (free, started) => startOn(instance, options, free, started));
}

async function startOn(
  instance: Instance,
  options: FrontEndOptions,
  port: number,
  started: (process: ServiceProcess) => void,
): Promise<FrontEnd> {
  const { binary, postgres, credentials } = options;
  const name = `ferretdb-${port}`;
  const dataFolder = join(instance.folder, name);
  mkdirSync(dataFolder, { recursive: true });
  const process = spawnService(instance, {
    service: 'mongodb',
    name,
    command: binary,
    args: [
      `--postgresql-url=postgres://${postgres.user}@${postgres.host}:${postgres.port}/${postgres.database}`,
      `--listen-addr=127.0.0.1:${port}`,
      ...(credentials === undefined ? ['--no-auth'] : []),
      '--telemetry=disable',
      '--debug-addr=-',
      `--state-dir=${dataFolder}`,
    ],
    dataFolder,
  });
  started(process);
  const uri = `mongodb://${userInfo(credentials)}127.0.0.1:${port}/`;
  const version = await waitUntilReady(process, () => mongodbVersion(uri));
  return { uri, port, version, process };
}

/** User and password as they go before the host of a URI. */
export function userInfo(credentials: { username: string; password: string } | undefined): string {
  if (credentials === undefined) return '';
  return `${encodeURIComponent(credentials.username)}:${encodeURIComponent(credentials.password)}@`;
}
