import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { services, startAuthenticatedMongodb, type AuthenticatedMongodb } from '../services/services.js';
import { HttpSink } from '../support/http-sink.js';
import { startMoto, type MotoServer } from '../support/moto-server.js';
import { startRedisServer } from '../support/redis-server.js';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { ServiceWorld } from '../support/service-world.js';
import { canary, withDatabase, withPassword } from './places.js';
import { targetsFile } from './planted-targets.js';

/** Servers that ask for passwords, and an installation whose every setting that may be secret is one that stands nowhere else. */
export interface PlantedWorld {
  /** By name; those that come up later are added. */
  readonly secrets: Record<string, string>;
  readonly world: ServiceWorld;
  readonly source: AuthenticatedMongodb;
  readonly target: AuthenticatedMongodb;
  readonly client: MongoClient;
  readonly redisUrl: string;
  readonly moto: MotoServer;
  readonly proxy: S3Proxy;
  readonly hooks: HttpSink;
  /** An AWS that repeats a secret while it refuses. */
  readonly refusing: string;
  /** The database that restores make on `target`. */
  readonly scratch: string;
  readonly vault: string;
  readonly secret: (name: string) => string;
  close(): Promise<void>;
}

export async function plantWorld(): Promise<PlantedWorld> {
  const secrets: Record<string, string> = Object.fromEntries(
    [
      ...['source', 'restore', 'wrong-restore', 'redis', 's3', 'destination'],
      ...['hook-path', 'hook-value', 'hook-password', 'hook-key', 'hook-variable', 'hook-option', 'hook-argument'],
    ].map((name) => [name, canary(name)]),
  );
  for (const name of ['old-key', 'managed-key']) secrets[name] = randomBytes(32).toString('hex');
  const secret = (name: string): string => {
    const value = secrets[name];
    if (value === undefined) throw new Error(`No secret is called ${name}`);
    return value;
  };
  const source = await startAuthenticatedMongodb({ password: secret('source') });
  const target = await startAuthenticatedMongodb({ password: secret('restore') });
  const redis = await startRedisServer(['--requirepass', secret('redis')]);
  const moto = await startMoto();
  const proxy = await startS3Proxy(services().s3.endpoint, { signAs: services().s3 });
  const hooks = await startRepeatingHook();
  const refusing = await startRefusing(secret('s3'));
  const world = await ServiceWorld.create('bucket');
  const client = new MongoClient(source.uri);
  await fillSampleDatabase(client.db(world.source), 200);
  const redisUrl = withPassword(redis.url, secret('redis'));
  const vault = join(world.folder, 'vault');
  mkdirSync(vault);
  world.settings = {
    ...world.settings,
    ...{ LOG_LEVEL: 'trace', REDIS_URL: redisUrl, CATALOG_MONGODB_URI: withDatabase(source.uri, world.catalog) },
    ...{ S3_ENDPOINT: proxy.endpoint, S3_FORCE_PATH_STYLE: 'true', BACKUP_ATTEMPTS: '1' },
    ...{ AWS_ACCESS_KEY_ID: 'primary-writer', AWS_SECRET_ACCESS_KEY: secret('s3') },
    ...{ OFFSITE_KEY_ID: 'offsite-writer', OFFSITE_SECRET: secret('destination') },
    ...{ RESTORE_TARGETS: 'staging,locked', RESTORE_TARGET_STAGING_SCRATCH: 'true' },
    BACKUP_TARGETS_FILE: targetsFile(world, { endpoint: proxy.endpoint, vault, hook: writeHook(world), secret }),
  };
  secrets['jwt-secret'] = world.jwtSecret;
  const scratch = `restored_${randomBytes(4).toString('hex')}`;

  const close = async (): Promise<void> => {
    await world.close();
    for (const name of [world.source, world.catalog]) await client.db(name).dropDatabase();
    const restored = new MongoClient(target.uri);
    await restored.db(scratch).dropDatabase();
    await Promise.all([client.close(), restored.close(), hooks.close(), proxy.close(), redis.close(), moto.close()]);
    await new Promise((resolve) => refusing.close(resolve));
    await source.stop();
    await target.stop();
  };
  const urls = { redisUrl, refusing: `http://127.0.0.1:${(refusing.address() as AddressInfo).port}` };
  return { secrets, secret, world, source, target, client, moto, proxy, hooks, scratch, vault, ...urls, close };
}

/** Repeats all that it was given, and says no. */
function startRepeatingHook(): Promise<HttpSink> {
  return HttpSink.start((response, { path, headers }) => {
    const values = [...new URL(path, 'http://hooks').searchParams.values()].join(' and ');
    response.writeHead(403).end(`no ${path.split('/').join(' ')}, ${values}; ${headers.authorization ?? ''}`);
  });
}

/** The same as a command. */
function writeHook(world: ServiceWorld): string {
  const command = join(world.folder, 'ask');
  writeFileSync(command, '#!/bin/sh\necho "called with $@ and $OPS_TOKEN"; echo "$1 $2" >&2; exit 3\n');
  chmodSync(command, 0o755);
  return command;
}

async function startRefusing(repeated: string): Promise<Server> {
  const server = createServer((_request, response) => {
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ __type: 'AccessDeniedException', message: `not with ${repeated}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
