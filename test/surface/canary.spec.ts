import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { makeToken } from '../support/api-client.js';
import { startRedisServer, type TestRedis } from '../support/redis-server.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { services, startAuthenticatedMongodb, type AuthenticatedMongodb } from '../services/services.js';
import { findSecrets } from './find-secrets.js';

// Secrets are planted wherever one can be given; the service works, fails and is attacked; then everything that it wrote or said is searched for them.

const canary = (name: string) => `canary-${name}-${randomBytes(12).toString('hex')}`;
const secrets: Record<string, string> = {
  mongodbPassword: canary('mongodb'),
  wrongMongodbPassword: canary('wrong-mongodb'),
  redisPassword: canary('redis'),
  metricsToken: canary('metrics'),
  adminPassword: canary('admin'),
  guessedPassword: canary('guessed'),
  webhookPath: canary('webhook-path'),
  webhookSecret: canary('webhook-secret'),
  smtpPassword: canary('smtp'),
  wrongKey: randomBytes(32).toString('hex'),
  wrongS3Secret: canary('s3'),
};
const said: Record<string, string> = {};
const webhooks: string[] = [];
let mongodb: AuthenticatedMongodb;
let redis: TestRedis;
let world: ServiceWorld;
let client: MongoClient;
let sink: Server;
let redisUrl: string;
let temporary: string;
let processes: ServiceProcess[];

beforeAll(async () => {
  mongodb = await startAuthenticatedMongodb({ password: secrets['mongodbPassword'] ?? '' });
  redis = await startRedisServer(['--requirepass', secrets['redisPassword'] ?? '']);
  redisUrl = withPassword(redis.url, secrets['redisPassword']);
  sink = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => webhooks.push(text));
    request.once('end', () => response.end());
  }).listen(0, '127.0.0.1');
  world = await ServiceWorld.create('bucket');
  temporary = world.temporary;
  client = new MongoClient(mongodb.uri);
  await fillSampleDatabase(client.db(world.source), 300);
  const passwordFile = join(world.folder, 'password');
  writeFileSync(passwordFile, secrets['adminPassword'] ?? '');
  const hash = await hazina(['token', 'hash-password', '--password-file', passwordFile], {});
  world.settings = {
    ...world.settings,
    LOG_LEVEL: 'trace',
    REDIS_URL: redisUrl,
    CATALOG_MONGODB_URI: database(mongodb.uri, world.catalog),
    METRICS_TOKEN: secrets['metricsToken'] ?? '',
    ADMIN_USERNAME: 'admin',
    ADMIN_PASSWORD_HASH: hash.stdout.trim(),
    NOTIFY_WEBHOOK_URL: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/${secrets['webhookPath'] ?? ''}`,
    NOTIFY_WEBHOOK_SECRET: secrets['webhookSecret'] ?? '',
    SMTP_URL: `smtp://mailer:${secrets['smtpPassword'] ?? ''}@127.0.0.1:9`,
    NOTIFY_EMAIL_FROM: 'hazina@example.org',
    NOTIFY_EMAIL_TO: 'admin@example.org',
  };
  secrets['encryptionKey'] = world.key.slice('hex:'.length);
  secrets['jwtSecret'] = world.jwtSecret;
  await work();
}, 300_000);
afterAll(async () => {
  await world.close();
  for (const name of [world.source, world.catalog]) await client.db(name).dropDatabase();
  await client.close();
  sink.close();
  await redis.close();
  await mongodb.stop();
}, 60_000);

/** A day in the life: what works, what fails, and who should not be here. */
async function work(): Promise<void> {
  const api = await world.startApi();
  const source = database(mongodb.uri, world.source);
  const worker = await world.startWorker({ MONGODB_URI: source });
  processes = [api, worker];
  const admin = world.as('admin', api);
  secrets['adminToken'] = admin.token ?? '';
  const tell = async (name: string, reply: Promise<{ status: number; body: unknown; headers: Headers }>) => {
    const { status, body, headers } = await reply;
    said[`reply: ${name}`] = JSON.stringify([status, body, [...headers]]);
  };
  const backupId = await admin.trigger({ label: 'canary' });
  await admin.settled(backupId);
  await tell('show', admin.get(`/api/admin/backups/${backupId}`));
  await tell('download', admin.get(`/api/admin/backups/${backupId}/download`));
  await tell('verify', admin.post(`/api/admin/backups/${backupId}/verify`));
  for (const path of ['backups', 'backups/stats', 'targets', 'schedules', 'system', 'system/log-level'])
    await tell(path, admin.get(`/api/admin/${path}`));
  await tell('test message', admin.post('/api/admin/notifications/test'));

  // A login that works tells its token, and nothing else may.
  const login = await admin.request('POST', '/api/auth/login', {
    username: 'admin',
    password: secrets['adminPassword'],
  });
  expect(login.status).toBe(200);
  secrets['loginToken'] = String(login.body['accessToken']);
  await tell(
    'wrong login',
    admin.request('POST', '/api/auth/login', { username: 'admin', password: secrets['guessedPassword'] }),
  );
  await tell(
    'login of a wrong form',
    admin.request('POST', '/api/auth/login', { user: 'admin', password: [secrets['guessedPassword']] }),
  );
  secrets['foreignToken'] = makeToken(randomBytes(32).toString('hex'), 'admin');
  for (const [name, authorization] of Object.entries({
    'foreign token': `Bearer ${secrets['foreignToken']}`,
    'password as token': `Bearer ${secrets['guessedPassword'] ?? ''}`,
    'basic authentication': `Basic ${Buffer.from(`admin:${secrets['guessedPassword'] ?? ''}`).toString('base64')}`,
  }))
    await tell(name, admin.request('GET', '/api/admin/backups', undefined, { authorization }));

  // A worker that cannot get in at its source.
  await worker.stop('SIGTERM');
  const refused = database(mongodb.uri, world.source).replace(mongodb.password, secrets['wrongMongodbPassword'] ?? '');
  const second = await world.startWorker({ MONGODB_URI: refused });
  processes.push(second);
  const failing = await admin.trigger();
  await admin.settled(failing);
  await tell('failed', admin.get(`/api/admin/backups/${failing}`));
  await admin.settledWhen(() => Promise.resolve(webhooks.some((text) => text.includes('backup-failed'))), 'the alert');

  // Commands that fail.
  const environment = { ...world.cliEnvironment, TMPDIR: temporary, CATALOG_MONGODB_URI: '' };
  for (const [name, changes] of Object.entries({
    'wrong password': { MONGODB_URI: refused },
    'wrong key': { BACKUP_ENCRYPTION_KEY: `hex:${secrets['wrongKey'] ?? ''}` },
    'malformed key': { BACKUP_ENCRYPTION_KEY: `hex:${secrets['wrongKey'] ?? ''}ff` },
    'wrong S3 secret': { AWS_SECRET_ACCESS_KEY: secrets['wrongS3Secret'] ?? '' },
    'malformed URI': { MONGODB_URI: `mongodb://u:${secrets['wrongMongodbPassword'] ?? ''}@` },
  })) {
    const run = await hazina(
      [name.includes('key') ? 'verify' : 'backup', ...(name.includes('key') ? ['--latest'] : []), '--json'],
      { ...environment, ...changes },
    );
    expect([name, run.code]).not.toEqual([name, 0]);
    said[`command with a ${name}`] = run.stdout + run.stderr;
  }
  for (const service of [api, second])
    said[`metrics of the ${service.app}`] = await (
      await fetch(`${service.url}/metrics`, { headers: { authorization: `Bearer ${secrets['metricsToken'] ?? ''}` } })
    ).text();
  await tell('newest lines', admin.get('/api/admin/system/logs?lines=1000'));
  said['OpenAPI'] = await (await fetch(`${api.url}/docs-json`)).text();
  said['process list'] = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine)
    .join('\n');
}

describe('no planted secret', () => {
  it('can hide from the search', () => {
    const secret = secrets['mongodbPassword'] ?? '';
    const forms = [
      secret,
      encodeURIComponent(`/${secret}`),
      Buffer.from(secret).toString('base64'),
      Buffer.from(`user:${secret}`).toString('base64'),
      Buffer.from(secret).toString('hex'),
    ];
    for (const form of forms) expect(findSecrets(`before${form}after`, secrets)).toEqual(['mongodbPassword']);
    expect(findSecrets('nothing here', secrets)).toEqual([]);
  });

  it('stands in a log', () => {
    for (const service of processes) {
      expect(service.lines.length).toBeGreaterThan(5);
      expect([service.app, findSecrets(JSON.stringify(service.lines) + service.text.join('\n'), secrets)]).toEqual([
        service.app,
        [],
      ]);
    }
  });

  it('is said: replies, output of commands, metrics, OpenAPI, process list', () => {
    expect(Object.keys(said).length).toBeGreaterThan(18);
    for (const [name, text] of Object.entries(said)) {
      expect([name, text.length > 20]).toEqual([name, true]);
      expect([name, findSecrets(text, secrets)]).toEqual([name, []]);
    }
    expect(findSecrets(webhooks.join('\n'), secrets)).toEqual([]);
  });

  it('lies in Redis', async () => {
    const connection = new Redis(redisUrl);
    const keys = await connection.keys('*');
    expect(keys.length).toBeGreaterThan(5);
    for (const key of keys)
      expect([key, findSecrets((await connection.dumpBuffer(key)).toString('latin1'), secrets)]).toEqual([key, []]);
    connection.disconnect();
  });

  it('lies in the catalogue', async () => {
    const catalog = client.db(world.catalog);
    const names = await catalog.listCollections({}, { nameOnly: true }).toArray();
    expect(names.length).toBeGreaterThan(5);
    for (const { name } of names) {
      const records = JSON.stringify(await catalog.collection(name).find().toArray());
      expect([name, findSecrets(records, secrets)]).toEqual([name, []]);
    }
  });

  it('lies in the bucket or among temporary files', async () => {
    const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
    const s3 = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: world.bucket }));
    expect(Contents.length).toBeGreaterThan(3);
    for (const { Key } of Contents) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: world.bucket, Key }));
      const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
      expect([Key, findSecrets(bytes.toString('latin1'), secrets)]).toEqual([Key, []]);
    }
    s3.destroy();
    const files = readdirSync(temporary, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const { parentPath, name } of files)
      expect([name, findSecrets(readFileSync(join(parentPath, name), 'latin1'), secrets)]).toEqual([name, []]);
  });
});

function withPassword(url: string, password = ''): string {
  const with_ = new URL(url);
  with_.password = password;
  return with_.toString();
}

function database(uri: string, name: string): string {
  const url = new URL(uri);
  url.pathname = `/${name}`;
  return url.toString();
}

/** Of our programs; the services of the test run have passwords of their own on theirs. */
function commandLine(pid: string): string {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return /redis-server|ferretdb|postgres/.test(line) ? '' : line;
  } catch {
    return '';
  }
}
