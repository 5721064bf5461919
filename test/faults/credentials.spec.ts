import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { services } from '../services/services.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { repeatedArchive } from '../support/generated-archive.js';
import { hazina } from '../support/run-hazina.js';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.js';
import { toolsIn } from '../support/tools-in.js';

// F27: temporary credentials that a store calls expired in the middle of an upload. They come from a provider as containers have it; the store is real.

const world = new CliWorld();
/** Gives a key `key-1`, `key-2` … each time it is asked, each said to be good for an hour. */
const provider = createServer((_request, reply) => {
  keys += 1;
  const AccessKeyId = `key-${keys}`;
  const Expiration = new Date(Date.now() + 3_600_000).toISOString();
  reply.setHeader('content-type', 'application/json');
  reply.end(JSON.stringify({ AccessKeyId, SecretAccessKey: 'canary-secret', Token: 'canary-token', Expiration }));
});
let keys = 0;
let proxy: S3Proxy;
let environment: Environment;

beforeAll(async () => {
  // The dump itself is a double's; the server is only looked at.
  await world.client
    .db(world.database)
    .collection('visits')
    .insertOne({ _id: 1 as never });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  proxy = await startS3Proxy(services().s3.endpoint, { signAs: services().s3 });
  const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...rest } = await world.s3Environment();
  environment = {
    ...rest,
    S3_ENDPOINT: proxy.endpoint,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/`,
    AWS_EC2_METADATA_DISABLED: 'true',
    BACKUP_ENGINE: 'mongodump',
    BACKUP_COMPRESSION: 'none',
    S3_PART_SIZE: String(5 * 2 ** 20),
    PATH: toolsIn(world.folder, { repeated: repeatedArchive(30 * 2 ** 20) }).searchPath,
  };
});
afterEach(() => {
  proxy.heal();
  keys = 0;
  expect(world.leftovers()).toEqual([]);
});
afterAll(async () => {
  await proxy.close();
  await new Promise((resolve) => provider.close(resolve));
  await world.close();
});

const expired = { kind: 'reply', status: 400, code: 'ExpiredToken' } as const;

it('F27 credentials expire in mid-upload: new ones are fetched, and the upload goes on', async () => {
  const told = proxy.on(expired, {
    operation: 'UploadPart',
    skip: 2,
    when: ({ accessKeyId }) => accessKeyId === 'key-1',
  });
  const { backupId } = await world.backup(environment, '--verify');
  expect(told.struck).toBeGreaterThan(0);
  const keysOfParts = new Set(
    proxy.requests.filter(({ operation }) => operation === 'UploadPart').map(({ accessKeyId }) => accessKeyId),
  );
  expect(keysOfParts).toEqual(new Set(['key-1', 'key-2']));
  expect((await world.bucketContents(environment)).filter((entry) => entry.startsWith('upload'))).toEqual([]);
  expect(await hazina(['delete', backupId, '--force'], environment)).toMatchObject({ code: 0 });
}, 90_000);

it('F27 credentials expire before the data is looked at: a HEAD, whose refusal has no body, is told apart', async () => {
  const told = proxy.on(expired, {
    operation: ['HeadObject', 'ListObjects'],
    skip: 4,
    when: ({ accessKeyId }) => accessKeyId === 'key-1',
  });
  const { backupId } = await world.backup(environment, '--verify');
  expect(told.struck).toBeGreaterThan(1);
  expect(await hazina(['delete', backupId, '--force'], environment)).toMatchObject({ code: 0 });
}, 90_000);

it('F27 when the refusal persists: named, nothing left, no secret shown', async () => {
  proxy.on(expired, { operation: 'UploadPart', skip: 2 });
  const error = await world.failing(['backup'], environment);
  expect(error).toMatchObject({ code: 'store/refused', stage: 'store', exitCode: 14 });
  expect(error.hint).toMatch(/credentials have expired/);
  expect(JSON.stringify(error)).not.toContain('canary');
  expect(await world.bucketContents(environment)).toEqual([]);
}, 90_000);
