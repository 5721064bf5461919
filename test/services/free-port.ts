import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { ServiceError } from './service-error.js';

// Below the range from which systems take the ports of outgoing connections (32768 up on Linux): none of these can
// take the port away between our look and the service's own bind.
const lowest = 15_000;
const highest = 32_000;

/** A random port of 127.0.0.1 (and of ::1, where there is one) on which nobody listens. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(lowest, highest);
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) return port;
  }
  throw new ServiceError(`No free port was found between ${lowest} and ${highest} in 100 attempts`);
}

export function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A machine without IPv6 has no ::1 to be taken.
      resolve(error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT');
    });
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
