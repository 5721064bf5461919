import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret } from '#contracts';
import { createStore, type ObjectStore } from '#storage';

// A server that says that more follows, and not where.

const listed = '<Contents><Key>a/1</Key><Size>1</Size><LastModified>2026-11-23T02:00:00.000Z</LastModified></Contents>';
const upload = '<Upload><Key>a/2</Key><UploadId>u</UploadId></Upload>';
const truncated = '<IsTruncated>true</IsTruncated>';
const replies: Record<string, string> = {
  objects: `<ListBucketResult>${truncated}${listed}</ListBucketResult>`,
  again: `<ListBucketResult>${truncated}${listed}<NextContinuationToken>same</NextContinuationToken></ListBucketResult>`,
  uploads: `<ListMultipartUploadsResult>${truncated}${upload}</ListMultipartUploadsResult>`,
};
let reply = '';
let server: Server;
let store: ObjectStore;

beforeAll(async () => {
  server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/xml').end(reply);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  store = await createStore({
    ...{ kind: 's3', bucket: 'b', prefix: '', region: 'us-east-1', forcePathStyle: true, sse: 'none' },
    ...{
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      checksums: 'auto',
      uploadConcurrency: 1,
    },
    credentials: { accessKeyId: new Secret('a'), secretAccessKey: new Secret('b') },
  });
});
afterAll(async () => {
  await store.close();
  server.closeAllConnections();
  server.close();
});

async function keysOf(items: AsyncIterable<{ readonly key: string }>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of items) keys.push(key);
  return keys;
}

it.each([
  ['without a token', 'objects', () => store.list('')],
  ['with the token that it was given', 'again', () => store.list('')],
  ['of uploads, without a marker', 'uploads', () => store.listUploads('')],
])('a listing that is cut %s is an error, and no end', async (_how, name, list) => {
  reply = replies[name] ?? '';
  await expect(keysOf(list())).rejects.toMatchObject({ code: 'store/failed', retry: 'retry' });
  reply = reply.replace(truncated, '<IsTruncated>false</IsTruncated>');
  expect(await keysOf(list())).toHaveLength(1);
});
