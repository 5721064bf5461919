import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ResolveHost } from '#contracts';
import { s3World, type S3World } from '../support/s3-world.js';

// Where S3_ENDPOINT may lead: to the store's own addresses, to a private network, and never to where a cloud keeps credentials.

let world: S3World;
beforeAll(async () => {
  world = await s3World();
});
afterAll(() => world.close());

const named = (): string => world.proxy.endpoint.replace('127.0.0.1', 'store.example');
const at =
  (...addresses: string[]): ResolveHost =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

it('a name that leads to this machine or a private network is a store like any other', async () => {
  const store = await world.open({ endpoint: named(), resolve: at('127.0.0.1') });
  await store.putBytes('destination', Buffer.from('x'));
  expect((await world.direct.head('destination'))?.bytes).toBe(1);
});

describe('is refused at once, without a retry and without a connection', () => {
  it.each([['169.254.169.254'], ['fd00:ec2::254'], ['100.100.100.200'], ['fe80::1'], ['127.0.0.1', '169.254.169.254']])(
    'a name that leads to %s %s',
    async (...addresses) => {
      const store = await world.open({ endpoint: named(), resolve: at(...addresses.filter(Boolean)) });
      await expect(store.head('destination')).rejects.toMatchObject({ code: 'store/refused', retry: 'no-retry' });
      await expect(store.putBytes('other', Buffer.from('x'))).rejects.toMatchObject({ code: 'store/refused' });
      expect(await world.contents()).not.toContain('other');
    },
  );

  it.each(['http://169.254.169.254', 'http://[fd00:ec2::254]', 'http://0xa9fea9fe', 'http://100.100.100.200'])(
    'an endpoint that is written as %s',
    async (endpoint) => {
      const began = performance.now();
      const store = await world.open({ endpoint });
      await expect(store.head('destination')).rejects.toMatchObject({
        code: 'store/refused',
        hint: expect.stringContaining('S3_ENDPOINT') as unknown,
      });
      expect(performance.now() - began).toBeLessThan(1_000);
    },
  );
});

it('a server that was good and whose name then leads elsewhere gets no new connection', async () => {
  let asked = 0;
  const resolve: ResolveHost = () => {
    asked += 1;
    return Promise.resolve([{ address: asked === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }]);
  };
  const store = await world.open({ endpoint: named(), resolve });
  await store.head('destination');
  // The kept connection is to the address that was checked; a second one at the same time is checked for itself.
  const heads = await Promise.allSettled(Array.from({ length: 3 }, () => store.head('destination')));
  expect(heads.filter(({ status }) => status === 'rejected').length).toBe(asked - 1);
});

it('a redirect of the server is not followed', async () => {
  let elsewhere = 0;
  const other = createServer((_request, response) => {
    elsewhere += 1;
    response.end();
  });
  const redirecting: Server = createServer((_request, response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/` }).end();
  });
  for (const server of [other, redirecting]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    const { port } = redirecting.address() as AddressInfo;
    const store = await world.open({ endpoint: `http://127.0.0.1:${port}`, maxAttempts: 1 });
    await expect(store.head('destination')).rejects.toBeInstanceOf(Error);
    expect(elsewhere).toBe(0);
  } finally {
    for (const server of [other, redirecting]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }
});
