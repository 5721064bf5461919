import { afterEach, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:net';
import { freePort, isFree } from './free-port.js';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

it('finds a port on which one can listen', async () => {
  const port = await freePort();
  await listen(port);
  expect(port).toBeGreaterThanOrEqual(15_000);
  // Outgoing connections never take ports from here.
  expect(port).toBeLessThan(32_768);
});

it('sees that a port is taken', async () => {
  const port = await freePort();
  expect(await isFree(port, '127.0.0.1')).toBe(true);
  await listen(port);
  expect(await isFree(port, '127.0.0.1')).toBe(false);
});

it('leaves the port free after the look', async () => {
  const port = await freePort();
  expect(await isFree(port, '127.0.0.1')).toBe(true);
});

function listen(port: number): Promise<void> {
  const server = createServer();
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
