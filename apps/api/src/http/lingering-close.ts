import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** So long a client that was answered early may go on sending. */
const lingerMs = 5_000;

/**
 * Lets a reply arrive that ends a connection before the whole request was read (413 for a body that is too large). A socket that is closed over unread bytes is
 * reset by the kernel, and a reset takes the reply along that the client has not read yet: it would see a broken connection and try again. So the sending side
 * alone is closed, and what still comes is thrown away, until the client has closed too or the time is over (RFC 9112, 9.6).
 */
export function lingerOnClose(server: Server, patienceMs = lingerMs): void {
  // By connection and not by request: what a connection holds of its requests stays in memory for as long as it is kept alive.
  const newest = new WeakMap<Duplex, IncomingMessage>();
  server.prependListener('request', (request: IncomingMessage) => newest.set(request.socket, request));
  server.prependListener('connection', (socket: Socket) => {
    const closeAtOnce = socket.destroySoon.bind(socket);
    // Node calls this one when the last reply of a connection has been handed over.
    socket.destroySoon = () => {
      if (newest.get(socket)?.complete !== false || socket.destroyed) closeAtOnce();
      else closeGently(socket, patienceMs);
    };
  });
}

/** Ends the sending side after what was written, throws away what still comes, and closes when the client has closed or the time is over. */
export function closeGently(socket: Duplex, patienceMs = lingerMs): void {
  const late = setTimeout(() => socket.destroy(), patienceMs).unref();
  socket.once('close', () => clearTimeout(late));
  // Not parsed any more: what comes behind the body is no request to be acted on.
  socket.removeAllListeners('data').removeAllListeners('end');
  socket.once('end', () => socket.destroy());
  socket.on('data', () => undefined);
  socket.resume();
  socket.end();
}
