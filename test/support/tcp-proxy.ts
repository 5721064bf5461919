import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** A server on 127.0.0.1 that passes everything on to another one, until it is cut: a network that fails when a test says so. */
export interface TcpProxy {
  /** The given URI with this proxy as its host. */
  readonly uri: string;
  /** Breaks all connections and accepts no more. */
  cut(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(uri: string): Promise<TcpProxy> {
  const target = new URL(uri.replace(/^mongodb:/, 'http:'));
  const address = { host: target.hostname, port: Number(target.port) };
  const sockets = new Set<Socket>();
  let broken = false;
  const server = createServer((near) => {
    if (broken) {
      near.destroy();
      return;
    }
    const far = createConnection(address);
    for (const [socket, peer] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.pipe(peer);
      // Either side's end or error ends the pair.
      socket.on('error', () => peer.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        peer.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  target.hostname = '127.0.0.1';
  target.port = String(port);
  const cut = () => {
    broken = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    uri: target.toString().replace(/^http:/, 'mongodb:'),
    cut,
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
