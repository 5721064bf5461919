import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { ApiWorld } from '../support/api-world.js';

// Clients that send so slowly that they never end. The limits are those of the application, made shorter; everything else is as it is.

jest.setTimeout(60_000);

let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({ environment: { QUEUES_UI_ENABLED: 'true' } });
  const server = world.app.getHttpServer() as { headersTimeout: number; requestTimeout: number };
  expect([server.headersTimeout, server.requestTimeout]).toEqual([10_000, 30_000]);
  Object.assign(server, { headersTimeout: 1_000, requestTimeout: 2_000 });
});
afterAll(() => world.close());

/** Sends a byte every 100 ms after the text; all that came back, and after how long the connection was ended. */
async function drip(text: string): Promise<{ reply: string; milliseconds: number }> {
  const { hostname, port } = new URL(world.url);
  const socket = connect(Number(port), hostname);
  let reply = '';
  socket.on('data', (chunk: Buffer) => (reply += chunk.toString())).on('error', () => undefined);
  const began = performance.now();
  socket.write(text);
  const drops = setInterval(() => socket.writable && socket.write('x'), 100);
  try {
    await once(socket, 'close');
  } finally {
    clearInterval(drops);
    socket.destroy();
  }
  return { reply, milliseconds: performance.now() - began };
}

const head = (start: string, type: string, token?: string): string =>
  [
    `${start} HTTP/1.1`,
    'Host: api',
    `Content-Type: ${type}`,
    'Content-Length: 5000',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    '',
    '',
  ].join('\r\n');

it.each([
  ['the head', () => 'GET /api/admin/backups HTTP/1.1\r\nHost: api\r\nX-Slow: '],
  ['a body of JSON', () => head('POST /api/admin/backups/trigger', 'application/json', world.token('operator'))],
  ['the form of a login page', () => head('POST /queues/login', 'application/x-www-form-urlencoded')],
])('%s that never ends is ended, and meanwhile others are served', async (_name, text) => {
  const slow = Array.from({ length: 8 }, () => drip(text()));
  expect((await world.get('/api/admin/backups')).status).toBe(200);
  for (const { reply, milliseconds } of await Promise.all(slow)) {
    expect(reply).toMatch(/^HTTP\/1\.1 (408|400) [\s\S]*application\/problem\+json/);
    expect(milliseconds).toBeLessThan(15_000);
  }
  expect((await world.get('/api/admin/backups?status=pending')).body.data).toEqual([]);
});
