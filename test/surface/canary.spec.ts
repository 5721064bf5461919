import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { makeToken } from '../support/api-client.js';
import { startRedisServer, type TestRedis } from '../support/redis-server.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { startAuthenticatedMongodb, type AuthenticatedMongodb } from '../services/services.js';
import {
  type Place,
  canary,
  collections,
  commandLines,
  files,
  leaksIn,
  logs,
  objects,
  redisKeys,
  withDatabase,
  withPassword,
} from './places.js';

// Secrets are planted wherever one can be given; the service works, fails and is attacked; then everything that it wrote or said is searched for them.

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
  redisUrl = withPassword(redis.url, secrets['redisPassword'] ?? '');
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
    CATALOG_MONGODB_URI: withDatabase(mongodb.uri, world.catalog),
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
  const source = withDatabase(mongodb.uri, world.source);
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
  const credentials = { username: 'admin', password: secrets['adminPassword'] };
  const login = await admin.request('POST', '/api/auth/login', credentials);
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
  const refused = withDatabase(mongodb.uri, world.source).replace(
    mongodb.password,
    secrets['wrongMongodbPassword'] ?? '',
  );
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
  said['process list'] = commandLines().join('\n');
}

describe('no planted secret', () => {
  it('stands in a log', () => {
    for (const service of processes) expect(service.lines.length).toBeGreaterThan(5);
    expectClean(logs(processes), 2);
  });

  it('is said: replies, output of commands, metrics, OpenAPI, process list', () => {
    expect(Object.keys(said).length).toBeGreaterThan(18);
    for (const [name, text] of Object.entries(said)) expect([name, text.length > 20]).toEqual([name, true]);
    expectClean([...Object.entries(said), ['webhooks', webhooks.join('\n')]], 18);
  });

  it('lies in Redis', async () => expectClean(await redisKeys(redisUrl), 5));

  it('lies in the catalogue', async () => expectClean(await collections(client.db(world.catalog)), 5));

  it('lies in the bucket or among temporary files', async () => {
    expectClean(await objects(world.bucket ?? ''), 3);
    expectClean(files(temporary), -1);
  });
});

function expectClean(places: readonly Place[], moreThan: number): void {
  expect(places.length).toBeGreaterThan(moreThan);
  expect(leaksIn(places, secrets)).toEqual([]);
}
