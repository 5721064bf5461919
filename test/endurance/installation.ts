import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import {
  createBucket,
  removeBucket,
  services,
  startAuthenticatedMongodb,
  uniqueDatabase,
} from '../services/services.js';
import { startRedisServer, type TestRedis } from '../support/redis-server.js';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.js';
import type { Violation } from './model/rules.js';
import { Network } from './network.js';
import { restoreTargets, settings, targets, targetsFile } from './plan.js';
import { Slot } from './slot.js';

type Environment = Readonly<Record<string, string>>;

/** An installation of its own: a Redis, a bucket, catalogue and sources on a MongoDB that asks for a password, two APIs, workers, and a way for each to each. */
export interface Installation {
  readonly folder: string;
  readonly slots: readonly Slot[];
  readonly redis: TestRedis;
  /** With its password. */
  readonly redisUrl: string;
  /** On the wire before the store, for everybody. */
  readonly wire: S3Proxy;
  readonly bucket: string;
  readonly prefix: string;
  readonly client: MongoClient;
  readonly catalog: string;
  readonly databaseOf: (target: string) => string;
  /** The name of an empty database of this run, which goes with it. */
  readonly newDatabase: () => string;
  readonly jwtSecret: string;
  /** What the command line is run with: past the catalogue, its own way to the store. */
  readonly cli: Environment;
  readonly cliNetwork: Network;
  readonly secrets: ReadonlyMap<string, string>;
  /** Stands in the environment of every process of the run. */
  readonly mark: string;
  /** At once, for an exit that waits for nothing; databases and bucket stay. */
  kill(): void;
  close(keepFolder: boolean): Promise<void>;
}

export async function createInstallation(
  workers: number,
  onViolation: (violation: Violation) => void,
): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'hazina-endurance-'));
  const secret = () => randomBytes(16).toString('hex');
  const [redisPassword, jwtSecret, key] = [secret(), secret() + secret(), randomBytes(32).toString('hex')];
  const mongodb = await sourceServer();
  const client = await MongoClient.connect(mongodb.uri);
  const names = new Map(targets.map(({ name }) => [name, uniqueDatabase(`endurance_${name}`)]));
  const catalog = uniqueDatabase('endurance_catalog');
  const databaseOf = (target: string): string => names.get(target) ?? 'unknown';
  const redis = await startRedisServer(['--requirepass', redisPassword]);
  const redisUrl = redis.url.replace('//', `//:${redisPassword}@`);
  const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
  const bucket = await createBucket();
  const wire = await startS3Proxy(endpoint);
  const file = join(folder, 'targets.yaml');
  writeFileSync(file, targetsFile(databaseOf));

  const mark = uniqueDatabase('endurance');
  const uris = { redis: redisUrl, catalog: withDatabase(mongodb.uri, catalog), store: wire.endpoint };
  const store = (network: Network): Environment => ({
    ...{ S3_BACKUP_BUCKET: bucket, S3_ENDPOINT: network.uri('store'), AWS_REGION: region },
    ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    HAZINA_ENDURANCE: mark,
  });
  const shared = (network: Network): Environment => ({
    ...{ ...settings, ...store(network), BACKUP_TARGETS_FILE: file, REDIS_PREFIX: mark },
    ...{ REDIS_URL: network.uri('redis'), CATALOG_MONGODB_URI: network.uri('catalog') },
  });
  const keyText = `hex:${key}`;
  const restored: string[] = [];
  const newDatabase = (): string => {
    const name = uniqueDatabase('endurance_restored');
    restored.push(name);
    return name;
  };
  const slots: Slot[] = [];
  for (let at = 1; at <= 2; at += 1) {
    const network = await Network.open(`api${at}`, uris);
    slots.push(
      new Slot(`api${at}`, 'api', network, { ...shared(network), JWT_SECRET: jwtSecret }, folder, onViolation),
    );
  }
  for (let at = 1; at <= workers; at += 1) {
    const network = await Network.open(`worker${at}`, { ...uris, source: mongodb.uri, target: mongodb.uri });
    const own = { SOURCE_URI: network.uri('source'), BACKUP_ENCRYPTION_KEY: keyText, ...restoreUris(network) };
    slots.push(new Slot(`worker${at}`, 'worker', network, { ...shared(network), ...own }, folder, onViolation));
  }
  const cliNetwork = await Network.open('cli', { store: wire.endpoint });
  const secrets = new Map([
    ...([
      ['the key', key],
      ['the secret of the tokens', jwtSecret],
      ['the password of Redis', redisPassword],
    ] as const),
    ...([['the secret key of S3', secretAccessKey], ...mongodb.secrets] as const),
  ]);
  return {
    ...{ folder, slots, redis, redisUrl, wire, bucket, client, catalog, databaseOf, newDatabase, jwtSecret, secrets },
    ...{ mark, cliNetwork, prefix: 'mongodb-backups/' },
    cli: { ...store(cliNetwork), BACKUP_ENCRYPTION_KEY: keyText, TARGET_URI: mongodb.uri },
    kill: () => {
      for (const slot of slots) void slot.kill();
      void redis.stop();
    },
    close: async (keepFolder) => {
      await Promise.allSettled(slots.map((slot) => slot.kill()));
      await Promise.allSettled([...slots.map(({ network }) => network.close()), cliNetwork.close(), wire.close()]);
      await redis.close();
      for (const database of [...names.values(), ...restored, catalog]) await client.db(database).dropDatabase();
      await client.close();
      await mongodb.stop();
      await removeBucket(bucket);
      if (!keepFolder) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function restoreUris(network: Network): Environment {
  const uri = network.uri('target');
  return Object.fromEntries(restoreTargets.map((name) => [`RESTORE_TARGET_${name.toUpperCase()}_URI`, uri]));
}

/** A server with a password, so that there is one that could leak; the given one where no other can be started beside it. */
async function sourceServer(): Promise<{ uri: string; secrets: [string, string][]; stop(): Promise<void> }> {
  if (services().mongodbKind === 'external')
    return { uri: services().mongodbUri, secrets: [], stop: () => Promise.resolve() };
  const server = await startAuthenticatedMongodb();
  return { uri: server.uri, secrets: [['the password of MongoDB', server.password]], stop: () => server.stop() };
}

function withDatabase(uri: string, database: string): string {
  const url = new URL(uri);
  url.pathname = `/${database}`;
  if (url.username !== '') url.searchParams.set('authSource', 'admin');
  return url.toString();
}
