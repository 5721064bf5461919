import { afterEach, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret } from '#contracts';
import { awsKms } from './kms.js';
import { awsSecrets } from './secrets.js';

// What AWS_ENDPOINT_URL names is asked only where no credentials of this machine are lent.

const access = {
  region: 'eu-central-1',
  credentials: { accessKeyId: new Secret('AKIAEXAMPLE'), secretAccessKey: new Secret('example') },
};
const arn = 'arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000';
const before = process.env['AWS_ENDPOINT_URL'];
afterEach(() => {
  if (before === undefined) delete process.env['AWS_ENDPOINT_URL'];
  else process.env['AWS_ENDPOINT_URL'] = before;
});

const unwrap = () => awsKms(access).unwrap(arn, 'file', Buffer.alloc(8));
const read = () => awsSecrets(access).read('hazina/key', 'BACKUP_ENCRYPTION_KEY');

it.each([
  ['written as an address', 'http://169.254.169.254'],
  ['in a form of IPv6', 'http://[::ffff:169.254.169.254]'],
])('a metadata service %s is never asked', async (_how, endpoint) => {
  process.env['AWS_ENDPOINT_URL'] = endpoint;
  const refused = { retry: 'no-retry', message: expect.stringContaining('was not asked') as unknown };
  await expect(unwrap()).rejects.toMatchObject({ ...refused, code: 'keys/kms-access-denied' });
  await expect(read()).rejects.toMatchObject({ ...refused, code: 'keys/secret-access-denied' });
});

it('this machine is: a key service of its own may run there', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ __type: 'NotFoundException', message: 'none' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    process.env['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(unwrap()).rejects.toMatchObject({ code: 'keys/kms-not-found' });
    expect(asked).toBe(1);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
