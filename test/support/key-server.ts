import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KeyObject } from 'node:crypto';

type Behaviour = 'serves' | 'fails' | 'hangs' | 'trickles' | 'redirects' | 'floods' | 'babbles';

/** An identity provider's key set over HTTP, which misbehaves on command. */
export class KeyServer {
  readonly #server: Server;
  behaviour: Behaviour = 'serves';
  keys: object[] = [];
  requests = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.requests += 1;
      const body = JSON.stringify({ keys: this.keys });
      response.setHeader('content-type', 'application/json');
      if (request.url === '/elsewhere') response.end(body);
      else if (this.behaviour === 'serves') response.end(body);
      else if (this.behaviour === 'fails') response.writeHead(500).end('{}');
      else if (this.behaviour === 'redirects') response.writeHead(302, { location: '/elsewhere' }).end();
      else if (this.behaviour === 'babbles') response.end('<html>');
      else if (this.behaviour === 'floods') response.end(Buffer.alloc(1024 * 1024, ' '));
      // The head at once, and then never more than its first byte.
      else if (this.behaviour === 'trickles') response.write('{');
    });
  }

  static async start(): Promise<KeyServer> {
    const server = new KeyServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/keys`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A public key as a key set holds it. */
export function jwkOf(key: KeyObject, fields: Record<string, unknown>): object {
  return { ...key.export({ format: 'jwk' }), ...fields };
}
