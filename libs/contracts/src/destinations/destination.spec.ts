import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { guardedLookup, isForbiddenHost, safeAddresses, type ResolveHost } from './destination.js';

const resolving =
  (...addresses: string[]): ResolveHost =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

describe('a host that is written as an address', () => {
  it.each(['169.254.169.254', '[fd00:ec2::254]', '100.100.100.200', '[::ffff:a9fe:a9fe]', '0.0.0.0', '169.254.7.7.'])(
    '%s is forbidden',
    (host) => {
      expect(isForbiddenHost(host)).toBe(true);
    },
  );

  it.each(['s3.example', 'localhost', '127.0.0.1', '[::1]', '10.0.0.7', '8.8.8.8', ''])('%s is not', (host) => {
    expect(isForbiddenHost(host)).toBe(false);
  });
});

describe('the addresses of a host', () => {
  it.each([
    ['s3.internal', 'anywhere', ['10.0.0.7', 'fd12::7']],
    ['minio.here', 'anywhere', ['127.0.0.1']],
    ['localhost', 'if-written', ['127.0.0.1', '::1']],
    ['hooks.example', 'if-written', ['93.184.216.34']],
  ] as const)('of %s are good (%s)', async (host, loopback, addresses) => {
    const found = await safeAddresses(host, { loopback }, resolving(...addresses));
    expect(found.map(({ address }) => address)).toEqual(addresses);
  });

  it.each([
    ['one of two is metadata', 'anywhere', ['93.184.216.34', '169.254.169.254'], 'forbidden'],
    ['metadata of AWS by IPv6', 'anywhere', ['fd00:ec2::254'], 'forbidden'],
    ['metadata of Alibaba', 'anywhere', ['100.100.100.200'], 'forbidden'],
    ['link-local', 'anywhere', ['fe80::1'], 'forbidden'],
    ['this machine by a name', 'if-written', ['127.0.0.1'], 'this-machine'],
    ['none', 'anywhere', [], 'no-address'],
  ] as const)('are refused: %s', async (_what, loopback, addresses, why) => {
    await expect(safeAddresses('x.example', { loopback }, resolving(...addresses))).rejects.toMatchObject({
      name: 'DestinationRefused',
      why,
    });
  });
});

describe('a connection with a guarded lookup', () => {
  let server: Server;
  let requests: number;
  beforeEach(async () => {
    requests = 0;
    server = createServer((_request, response) => {
      requests += 1;
      response.end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterEach(() => new Promise((done) => server.close(done)));

  const fetchFrom = (resolve: ResolveHost): Promise<number | undefined> =>
    new Promise((done, reject) => {
      const { port } = server.address() as AddressInfo;
      const lookup = guardedLookup({ loopback: 'anywhere' }, resolve);
      get(`http://store.example:${port}/`, { lookup, agent: false }, (reply) => {
        reply.resume();
        done(reply.statusCode);
      }).once('error', reject);
    });

  it('goes to the address that was checked, and asks once', async () => {
    let asked = 0;
    const rebinding: ResolveHost = () => {
      asked += 1;
      return Promise.resolve([{ address: asked === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]);
    };
    expect(await fetchFrom(rebinding)).toBe(200);
    expect(asked).toBe(1);
    // The next connection is checked anew.
    await expect(fetchFrom(rebinding)).rejects.toMatchObject({ code: 'EDESTINATION', why: 'forbidden' });
    expect(requests).toBe(1);
  });

  it('passes on what the resolver says', async () => {
    const unknown = (): Promise<never> => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    await expect(fetchFrom(unknown)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});
