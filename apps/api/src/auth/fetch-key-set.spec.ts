import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { KeyServer } from '../../../../test/support/key-server.js';
import { fetchKeySet } from './fetch-key-set.js';

let server: KeyServer;
beforeEach(async () => {
  server = await KeyServer.start();
  server.keys = [{ kid: 'a' }];
});
afterEach(() => server.close());

const named = (): string => server.url.replace('127.0.0.1', 'login.example');
const at = (address: string) => () => Promise.resolve([{ address, family: address.includes(':') ? 6 : 4 }]);

it('goes to the address that was checked', async () => {
  expect(await fetchKeySet(named(), 2_000, at('127.0.0.1'))).toEqual({ keys: [{ kid: 'a' }] });
});

it.each(['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', 'fe80::1', '::ffff:169.254.169.254'])(
  'never goes to %s, whatever the name server says',
  async (address) => {
    await expect(fetchKeySet(named(), 2_000, at(address))).rejects.toThrow(
      'The host leads to a link-local, metadata or reserved address',
    );
    await expect(fetchKeySet(`http://${address.includes(':') ? `[${address}]` : address}/keys`, 2_000)).rejects.toThrow(
      'The host leads to a link-local, metadata or reserved address',
    );
    expect(server.requests).toBe(0);
  },
);

it('follows no redirect', async () => {
  server.behaviour = 'redirects';
  await expect(fetchKeySet(server.url, 2_000)).rejects.toThrow('the answer is not 200');
  expect(server.requests).toBe(1);
});
