import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { createBucket, removeBucket, services, uniqueDatabase, waitUntil } from '../services/services.js';
import { startRedisServer } from '../support/redis-server.js';
import { ServiceProcess } from '../support/service-process.js';
import { canary, collections, CommandLines, files, leaksIn, logs, objects, redisKeys } from './places.js';
import { findSecrets } from './find-secrets.js';

// A search that finds nothing proves something only if it can find: here each place has a secret in it, put there on purpose.

const planted = canary('planted');
const key = '00ff17c0ffee'.repeat(5) + 'abcd';
const secrets = { planted, key, elsewhere: canary('elsewhere') };
const found = (name: string) => [`${name}: planted`];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hazina-search-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the search for secrets finds', () => {
  it.each<[string, string]>([
    ['as it is', planted],
    ['percent-encoded', encodeURIComponent(`/${planted}?`)],
    ['in base64', Buffer.from(planted).toString('base64')],
    ['in base64 with a user before it', Buffer.from(`user:${planted}`).toString('base64')],
    ['in base64 of an address', Buffer.from(`xy${planted}`).toString('base64url')],
    ['in hex', Buffer.from(planted).toString('hex')],
    ['as a Buffer in JSON', JSON.stringify(Buffer.from(planted))],
    ['the first half', `${planted.slice(0, planted.length / 2)}…`],
    ['the last half', `…${planted.slice(-Math.ceil(planted.length / 2))}`],
  ])('a password %s', (_how, form) => {
    expect(findSecrets(`before${form}after`, secrets)).toEqual(['planted']);
  });

  it.each<[string, string]>([
    ['in capital digits', key.toUpperCase()],
    ['its bytes in base64', Buffer.from(key, 'hex').toString('base64')],
    ['its bytes', Buffer.from(key, 'hex').toString('latin1')],
    ['its bytes as a Buffer in JSON', JSON.stringify({ kek: Buffer.from(key, 'hex') })],
  ])('a key %s', (_how, form) => {
    expect(findSecrets(`before${form}after`, secrets)).toEqual(['key']);
  });

  it('a secret in a log: in a field far down, and in a line that is no JSON', async () => {
    const program = join(folder, 'talks.mjs');
    const error = { cause: { message: `refused: mongodb://u:${planted}@host` } };
    writeFileSync(program, `console.log(process.env.A); console.error(process.env.B);`);
    for (const [A, B] of [
      [JSON.stringify({ msg: 'failed', error }), 'nothing'],
      ['{}', `    at connect (mongodb://u:${planted}@host)`],
    ] as const) {
      const service = ServiceProcess.spawn('worker', { A, B }, program);
      await service.ended();
      expect(leaksIn(logs([service]), secrets)).toEqual(found(`log of the worker ${service.pid}`));
    }
  });

  it('a secret in Redis: in a value that would be compressed, in a hash, in the name of a key', async () => {
    const server = await startRedisServer();
    const redis = new Redis(server.url);
    try {
      const long = `${'-'.repeat(500)}${planted}${planted}${'-'.repeat(500)}`;
      await redis.set('text', long);
      await redis.hset('job', { data: JSON.stringify({ uri: long }), name: 'backup' });
      await redis.set(`lock:${planted}`, '1');
      await redis.set('clean', '-'.repeat(500));
      const leaks = leaksIn(await redisKeys(server.url), secrets);
      expect(leaks.sort()).toEqual([...found('job'), ...found(`lock:${planted}`), ...found('text')]);
    } finally {
      redis.disconnect();
      await server.close();
    }
  });

  it('a secret in the catalogue, also among bytes', async () => {
    const client = new MongoClient(services().mongodbUri);
    const catalog = client.db(uniqueDatabase('search'));
    try {
      await catalog.collection('backups').insertOne({ error: { causes: [{ message: planted }] } });
      await catalog.collection('tasks').insertOne({ wish: Buffer.from(`{"uri":"${planted}"}`) });
      await catalog.collection('clean').insertOne({ error: null });
      expect(leaksIn(await collections(catalog), secrets).sort()).toEqual([...found('backups'), ...found('tasks')]);
    } finally {
      await catalog.dropDatabase();
      await client.close();
    }
  });

  it('a secret in the bucket: in what an object holds, and in what is said of it', async () => {
    const bucket = await createBucket();
    const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
    const s3 = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
    try {
      await s3.send(
        new PutObjectCommand({ Bucket: bucket, Key: 'a', Body: Buffer.from(`\0\xff${planted}`, 'latin1') }),
      );
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'b', Body: 'x', Metadata: { note: planted } }));
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'c', Body: 'x' }));
      expect(leaksIn(await objects(bucket), secrets)).toEqual([...found('a'), ...found('b')]);
    } finally {
      s3.destroy();
      await removeBucket(bucket);
    }
  });

  it('a secret in a file of a folder below', () => {
    mkdirSync(join(folder, 'below'));
    writeFileSync(join(folder, 'below', 'config.yaml'), `uri: ${planted}`);
    expect(leaksIn(files(folder), secrets)).toEqual(found('config.yaml'));
  });

  it('a secret on the command line of a program that has ended since', async () => {
    const lines = new CommandLines();
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', planted], { stdio: 'ignore' });
    try {
      await waitUntil(() => lines.text.includes(planted), { what: 'a look at the command line' });
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    expect(leaksIn([['command lines', lines.stop()]], secrets)).toEqual(found('command lines'));
  });

  it('nothing where nothing is', () => expect(findSecrets('canary-planted- and 00ff17', secrets)).toEqual([]));
});
