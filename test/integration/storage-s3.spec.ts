import { afterAll, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { Secret } from '#contracts';
import { createStore, type ObjectStore, type S3StoreOptions } from '#storage';
import { describeObjectStore } from '../../libs/storage/src/testing/conformance.js';
import { createBucket, freePort, removeBucket, services } from '../services/services.js';

const partSize = 5 * 1024 * 1024;

function optionsFor(bucket: string, changes: Partial<S3StoreOptions> = {}): S3StoreOptions {
  const { endpoint, region, accessKeyId, secretAccessKey } = services().s3;
  return {
    kind: 's3',
    bucket,
    prefix: 'a/prefix/',
    region,
    endpoint,
    forcePathStyle: true,
    sse: 'none',
    checksums: 'auto',
    credentials: { accessKeyId: new Secret(accessKeyId), secretAccessKey: new Secret(secretAccessKey) },
    partSize,
    uploadConcurrency: 3,
    ...changes,
  };
}

const buckets: string[] = [];
async function openStore(changes: Partial<S3StoreOptions> = {}): Promise<ObjectStore> {
  const bucket = await createBucket();
  buckets.push(bucket);
  return createStore(optionsFor(bucket, changes));
}
afterAll(async () => {
  for (const bucket of buckets) await removeBucket(bucket);
});

describeObjectStore('a bucket', { open: () => openStore(), largeBytes: 3 * partSize + 17 });
describeObjectStore('a bucket with checksums, without prefix', {
  open: () => openStore({ checksums: 'when-supported', prefix: '' }),
  largeBytes: partSize + 1,
});

describe('a bucket', () => {
  it('signs URLs that anybody can read, under the given file name', async () => {
    const store = await openStore();
    await store.putBytes('x/data.hzn', Buffer.from('sealed'));
    const signed = await store.presignGet('x/data.hzn', { expiresIn: 60, fileName: 'a "b".hzn' });
    const reply = await fetch(signed?.url ?? '');
    expect(await reply.text()).toBe('sealed');
    expect(reply.headers.get('content-disposition')).toBe('attachment; filename="a__b_.hzn"');
    await store.close();
  });

  it('tells its time', async () => {
    const store = await openStore();
    const time = await store.serverTime();
    expect(Math.abs((time?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    await store.close();
  });

  it('honours conditions, as the probe finds', async () => {
    const store = await openStore();
    expect(await store.abilities()).toEqual({ conditionalCreate: true, conditionalReplace: true, presign: true });
    await store.close();
  });

  const refusals: [string, () => Promise<Partial<S3StoreOptions>>, string][] = [
    ['a bucket that is not there', () => Promise.resolve({ bucket: 'no-such-bucket-at-all' }), 'store/no-bucket'],
    [
      'a wrong secret',
      () =>
        Promise.resolve({
          credentials: { accessKeyId: new Secret(services().s3.accessKeyId), secretAccessKey: new Secret('canary') },
        }),
      'store/refused',
    ],
    [
      'an unknown key id',
      () =>
        Promise.resolve({ credentials: { accessKeyId: new Secret('canary'), secretAccessKey: new Secret('canary') } }),
      'store/refused',
    ],
    [
      'a closed port',
      async () => ({ endpoint: `http://127.0.0.1:${await freePort()}`, maxAttempts: 1 }),
      'store/unreachable',
    ],
  ];
  it.each(refusals)(
    '%s',
    async (_name, changes, code) => {
      const store = await createStore(optionsFor('unused-bucket', await changes()));
      const body = () => Readable.from([Buffer.alloc(100)], { objectMode: false });
      for (const call of [
        () => store.put('a/b', body(), {}),
        () => store.putBytes('a/b', Buffer.alloc(1)),
        () => store.head('a/b'),
        () => store.getBytes('a/b', 10),
        () => store.list('')[Symbol.asyncIterator]().next(),
      ]) {
        const error = await call().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error).toMatchObject({ code, hint: expect.any(String) as unknown });
        expect((error as Error).message).not.toContain('canary');
      }
      await store.close();
    },
    60_000,
  );
});
