import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { createBucket, removeBucket, services } from '../services/services.js';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.js';

// The proxy itself, before the real S3 server, which checks every signature.

let Bucket: string;
let proxy: S3Proxy;
let client: S3Client;
beforeAll(async () => {
  Bucket = await createBucket();
});
afterAll(() => removeBucket(Bucket));
beforeEach(async () => {
  const { endpoint, region, accessKeyId, secretAccessKey } = services().s3;
  proxy = await startS3Proxy(endpoint);
  client = new S3Client({
    endpoint: proxy.endpoint,
    region,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
    requestHandler: new NodeHttpHandler({ socketTimeout: 4000 }),
  });
});
afterEach(async () => {
  client.destroy();
  await proxy.close();
});

const large = Buffer.alloc(3 * 1024 * 1024, 'jambo');
const put = (Key: string, Body = large) => client.send(new PutObjectCommand({ Bucket, Key, Body }));
const get = async (Key: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};
const exists = async (Key: string) =>
  client.send(new HeadObjectCommand({ Bucket, Key })).then(
    () => true,
    () => false,
  );

describe('the S3 proxy', () => {
  it('passes everything on, signatures and all, and tells what came', async () => {
    await put('a/b c');
    expect((await get('a/b c')).equals(large)).toBe(true);
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'm' }));
    const part = { Bucket, Key: 'm', UploadId, PartNumber: 1 };
    const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: large }));
    await client.send(
      new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }),
    );
    await client.send(new ListMultipartUploadsCommand({ Bucket }));
    expect(
      proxy.requests.map(({ operation, key, partNumber }) => `${operation} ${key} ${partNumber ?? ''}`.trim()),
    ).toEqual([
      'PutObject a/b c',
      'GetObject a/b c',
      'CreateMultipartUpload m',
      'UploadPart m 1',
      'CompleteMultipartUpload m',
      'ListMultipartUploads',
    ]);
    expect(new Set(proxy.requests.map(({ accessKeyId }) => accessKeyId))).toEqual(new Set([services().s3.accessKeyId]));
  });

  it('answers in the place of the store, as often as it was told', async () => {
    const rule = proxy.on(
      { kind: 'reply', status: 503, code: 'SlowDown' },
      { operation: 'PutObject', key: /r$/, skip: 1, times: 1 },
    );
    await put('r', Buffer.from('1'));
    await expect(put('r')).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
    await put('r');
    expect(rule.struck).toBe(1);
    expect(proxy.requests.map(({ fault }) => fault)).toEqual([undefined, 'reply', undefined]);
  });

  it.each([
    ['stall', { kind: 'stall' }, false],
    ['reset-request', { kind: 'reset-request', after: 1_000_000 }, false],
    ['lose-reply', { kind: 'lose-reply' }, true],
    ['error-in-200', { kind: 'error-in-200', code: 'InternalError' }, false],
  ] as const)('%s on a put', async (kind, fault, done) => {
    const rule = proxy.on(fault, { operation: 'PutObject' });
    await expect(put(kind)).rejects.toThrow();
    rule.end();
    expect(await exists(kind)).toBe(done);
  });

  it.each(['reset-reply', 'stall-reply'] as const)('%s in the middle of a read', async (kind) => {
    await put('read');
    const rule = proxy.on({ kind, after: 1_000_000 }, { operation: 'GetObject' });
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'read' }));
    let bytes = 0;
    const read = async () => {
      for await (const chunk of Body as AsyncIterable<Buffer>) bytes += chunk.length;
    };
    await expect(read()).rejects.toThrow();
    // A reset may overtake what was sent before it.
    expect(bytes).toBeLessThanOrEqual(1_000_000);
    rule.end();
    expect((await get('read')).equals(large)).toBe(true);
  });

  it('changes the Date', async () => {
    proxy.on({ kind: 'date', date: () => new Date('2001-01-01T00:00:00Z') });
    const reply = await fetch(`${proxy.endpoint}/${Bucket}`);
    expect(reply.headers.get('date')).toBe('Mon, 01 Jan 2001 00:00:00 GMT');
  });
});
