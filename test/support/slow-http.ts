import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server on 127.0.0.1 that passes every request on, after a pause: a store that is far away. */
export async function startSlowHttp(
  endpoint: string,
  pauseMs: number,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { hostname, port } = new URL(endpoint);
  const server = createServer((near, reply) => {
    setTimeout(() => {
      const { method, url: path, headers } = near;
      // Headers as they came, the host too: they are signed.
      const far = request({ hostname, port, method, path, headers, setHost: false }, (answer) => {
        reply.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(reply);
      });
      far.on('error', () => reply.destroy());
      reply.on('close', () => far.destroy());
      near.pipe(far);
    }, pauseMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
