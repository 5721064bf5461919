import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { renewExpiredCredentials } from './renew-credentials.js';

it('a request that is refused when another has fetched new credentials already fetches none', async () => {
  const signedBy: string[] = [];
  let release = (): void => undefined;
  const renewed = new Promise<void>((resolve) => (release = resolve));
  // Refuses the first key: one request at once, the other when the first has come again with the next key.
  const server = createServer((request, response) => {
    void (async () => {
      await request.resume().toArray();
      const key = /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      signedBy.push(`${request.url?.split('/').at(-1)?.split('?')[0] ?? ''} ${key}`);
      if (key !== 'key-1') release();
      else {
        if (request.url?.includes('late') === true) await renewed;
        response.statusCode = 400;
      }
      response.end(key === 'key-1' ? '<Error><Code>ExpiredToken</Code><Message>old</Message></Error>' : '');
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let keys = 0;
  const client = new S3Client({
    ...{ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, region: 'us-east-1' },
    ...{ forcePathStyle: true, maxAttempts: 1 },
    credentials: () => {
      keys += 1;
      const expiration = new Date(Date.now() + 3_600_000);
      return Promise.resolve({ accessKeyId: `key-${keys}`, secretAccessKey: 's', expiration });
    },
  });
  try {
    renewExpiredCredentials(client);
    const put = (Key: string) => client.send(new PutObjectCommand({ Bucket: 'b', Key, Body: Buffer.from('x') }));
    await Promise.all([put('early'), put('late')]);
    expect(signedBy.toSorted()).toEqual(['early key-1', 'early key-2', 'late key-1', 'late key-2']);
    expect(keys).toBe(2);
  } finally {
    client.destroy();
    server.close();
  }
});
