import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret } from '#contracts';
import { awsKms } from './kms.js';
import { awsSecrets } from './secrets.js';

const arn = 'arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000';
const access = { credentials: { accessKeyId: new Secret('AKIAEXAMPLE'), secretAccessKey: new Secret('example') } };

it('what is asked of a service that is silent ends with its signal', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const before = process.env['AWS_ENDPOINT_URL'];
  process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const calls = [
      (signal: AbortSignal) => awsKms(access).wrap(arn, 'file', Buffer.alloc(32), signal),
      (signal: AbortSignal) => awsKms(access).unwrap(arn, 'file', Buffer.alloc(32), signal),
      (signal: AbortSignal) => awsSecrets({ ...access, region: 'eu-central-1' }).read('hazina', 'KEY', signal),
    ];
    for (const call of calls) {
      const abort = new AbortController();
      const asked = once(server, 'request');
      const answer = call(abort.signal);
      const ended = expect(answer).rejects.toMatchObject({ code: 'run/cancelled' });
      await asked;
      abort.abort();
      await ended;
    }
  } finally {
    if (before === undefined) delete process.env['AWS_ENDPOINT_URL'];
    else process.env['AWS_ENDPOINT_URL'] = before;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
