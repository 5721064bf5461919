import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ConnectProxy {
  /** With its credentials, where it asks for some. */
  readonly url: string;
  /** `host:port` of every CONNECT that was let through, in order. */
  readonly tunnels: readonly string[];
  close(): Promise<void>;
}

/** An HTTP proxy that knows CONNECT alone, and asks for a name and a password. */
export async function startConnectProxy(name: string, password: string): Promise<ConnectProxy> {
  const tunnels: string[] = [];
  const sockets = new Set<Duplex>();
  const wanted = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  const server = createServer((_, reply) => void reply.writeHead(405).end());
  server.on('connect', (request, client, head) => {
    client.on('error', () => undefined);
    if (request.headers['proxy-authorization'] !== wanted) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const to = request.url ?? '';
    tunnels.push(to);
    const { hostname, port } = new URL(`http://${to}`);
    const onward = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.write(head);
      client.pipe(onward).pipe(client);
    });
    onward.on('error', () => client.destroy());
    for (const one of [client, onward]) {
      sockets.add(one);
      one.on('close', () => {
        sockets.delete(one);
        client.destroy();
        onward.destroy();
      });
    }
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://${name}:${encodeURIComponent(password)}@127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
