import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startTcpProxy, type TcpProxy, type TcpProxyOptions } from './tcp-proxy.js';

/** Not `once(…)`, which fails on a socket's error. */
const closeOf = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));

describe('the TCP proxy', () => {
  const open: { server: Server; proxy: TcpProxy; client: Socket }[] = [];

  /** A server that says everything back, the proxy before it, and a client of the proxy. */
  async function start(options?: TcpProxyOptions, scheme = 'mongodb') {
    const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = await startTcpProxy(
      `${scheme}://u:p@127.0.0.1:${(server.address() as AddressInfo).port}/db?a=b`,
      options,
    );
    const client = connect(Number(new URL(proxy.uri.replace(`${scheme}:`, 'http:')).port), '127.0.0.1');
    client.on('error', () => undefined);
    await once(client, 'connect');
    open.push({ server, proxy, client });
    return { proxy, client };
  }

  afterEach(async () => {
    for (const { server, proxy, client } of open.splice(0)) {
      client.destroy();
      await proxy.close();
      server.close();
    }
  });

  it('passes both ways, and keeps the rest of the URI', async () => {
    const { proxy, client } = await start({ latencyMs: 1 });
    client.write('jambo');
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toBe('jambo');
    expect(proxy.uri).toMatch(/^mongodb:\/\/u:p@127\.0\.0\.1:\d+\/db\?a=b$/);
    expect([proxy.bytesFromServer, proxy.connections]).toEqual([5, 1]);
  });

  it.each(['cut', 'reset'] as const)('%s after some bytes: those arrive, no more', async (what) => {
    const { proxy, client } = await start();
    proxy.after(3, what);
    const closed = closeOf(client);
    let seen = '';
    client.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    client.write('jambo');
    await closed;
    // A reset may overtake what was sent before it.
    expect('jam').toContain(seen);
    if (what === 'cut') expect(seen).toBe('jam');
  });

  it('takes no connection after it was cut', async () => {
    const { proxy, client } = await start();
    const closed = closeOf(client);
    proxy.cut();
    await closed;
    const late = connect(Number(new URL(proxy.uri.replace('mongodb:', 'http:')).port), '127.0.0.1');
    late.on('error', () => undefined);
    await closeOf(late);
    expect(late.bytesRead).toBe(0);
  });

  it('takes connections again after it was mended, and keeps the scheme of any URI', async () => {
    const { proxy } = await start(undefined, 'redis');
    expect(proxy.uri).toMatch(/^redis:\/\/u:p@127\.0\.0\.1:\d+\/db/);
    proxy.reset();
    proxy.mend();
    const again = connect(Number(new URL(proxy.uri.replace('redis:', 'http:')).port), '127.0.0.1');
    again.write('karibu');
    const [answer] = (await once(again, 'data')) as [Buffer];
    expect(answer.toString()).toBe('karibu');
    again.destroy();
  });

  it('lets no more through than its bandwidth', async () => {
    const { client } = await start({ bandwidth: 100_000 });
    const began = performance.now();
    client.write(Buffer.alloc(20_000));
    while (client.bytesRead < 20_000) await once(client, 'data');
    // Once for each direction.
    expect(performance.now() - began).toBeGreaterThan(350);
  });

  it('keeps back what holds a text until it is let go, and nothing else', async () => {
    const { proxy, client } = await start();
    const barrier = proxy.holdBack('pole');
    client.write('haraka');
    const [first] = (await once(client, 'data')) as [Buffer];
    expect(first.toString()).toBe('haraka');
    client.write('pole pole');
    while (barrier.count === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(client.bytesRead).toBe('haraka'.length);
    barrier.letGo();
    const [second] = (await once(client, 'data')) as [Buffer];
    expect([second.toString(), barrier.count]).toEqual(['pole pole', 0]);
  });

  it('in silence a connection stays open and nothing comes', async () => {
    const { proxy, client } = await start();
    proxy.silence();
    client.write('jambo');
    const other = connect(Number(new URL(proxy.uri.replace('mongodb:', 'http:')).port), '127.0.0.1');
    await once(other, 'connect');
    // What was sent first has reached the server and come back when the second connection is there and counted.
    while (proxy.bytesFromServer === 0 && proxy.connections < 2) await new Promise((resolve) => setImmediate(resolve));
    expect([client.bytesRead, client.destroyed]).toEqual([0, false]);
    other.destroy();
  });
});
