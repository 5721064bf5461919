import type { Redis } from 'ioredis';

/**
 * Breaks a connection that stands, and whose server says nothing: the client library waits for the first answer for ever. What is between may have swallowed the
 * question, and a new connection is answered as soon as there is somebody to answer.
 */
export function guardHandshake(client: Redis, milliseconds: number): void {
  let timer: NodeJS.Timeout | undefined;
  client.on('connect', () => {
    clearTimeout(timer);
    timer = setTimeout(() => client.stream.destroy(), milliseconds);
    timer.unref();
  });
  for (const event of ['ready', 'close', 'end']) client.on(event, () => clearTimeout(timer));
}
