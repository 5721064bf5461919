import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { lingerOnClose } from './lingering-close.js';

const body = Buffer.alloc(30_000_000, 'x');
let server: Server;
let requests: number;

beforeEach(() => {
  requests = 0;
  server = createServer((_request, reply) => {
    requests += 1;
    reply.writeHead(413, { 'Content-Length': 5, Connection: 'close' }).end('large');
  });
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** Sends everything before it reads the first byte, as many clients do. */
async function send(after = ''): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  const parts: string[] = [];
  socket.on('data', (part: Buffer) => parts.push(part.toString())).pause();
  const closed = once(socket, 'close').catch(() => undefined);
  socket.on('error', () => undefined);
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
  socket.write(body);
  socket.end(after, () => socket.resume());
  await closed;
  return parts.join('');
}

it('a client that sends its whole body before it reads gets the reply', async () => {
  lingerOnClose(server);
  expect(await send()).toMatch(/^HTTP\/1\.1 413 [^]*large$/);
});

it('what comes behind the body is no request any more', async () => {
  lingerOnClose(server);
  expect(await send('GET /second HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/^HTTP\/1\.1 413 [^]*large$/);
  expect(requests).toBe(1);
});

it('a client that never ends is cut off', async () => {
  lingerOnClose(server, 50);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined).resume();
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc');
  const [peer] = (await once(server, 'connection')) as [Socket];
  expect(await once(peer, 'close')).toEqual([false]);
  socket.destroy();
});

it('a connection that is kept alive holds nothing of the requests that it had', async () => {
  const holders = new Set<unknown>();
  const kept = createServer((request, reply) => {
    holders.add(Object.getOwnPropertyDescriptor(request.socket, 'destroySoon')?.value);
    reply.end('ok');
  });
  lingerOnClose(kept);
  kept.listen(0, '127.0.0.1');
  await once(kept, 'listening');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async (): Promise<boolean> => {
    const request = get({ port: (kept.address() as AddressInfo).port, agent });
    const [reply] = (await once(request, 'response')) as [IncomingMessage];
    await reply.toArray();
    return request.reusedSocket;
  };
  try {
    expect([await ask(), await ask(), await ask()]).toEqual([false, true, true]);
    expect([...holders]).toEqual([expect.any(Function)]);
  } finally {
    agent.destroy();
    kept.close();
    await once(kept, 'close');
  }
});
