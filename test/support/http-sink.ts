import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface SinkRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type SinkBehaviour = (response: ServerResponse, request: SinkRequest) => void;

export const accepts: SinkBehaviour = (response) => void response.writeHead(204).end();
/** Takes the request and never answers. */
export const hangs: SinkBehaviour = () => undefined;
export const redirectsTo =
  (location: string): SinkBehaviour =>
  (response) =>
    void response.writeHead(307, { location }).end();
/** 200, and a body without an end. */
export const floods: SinkBehaviour = (response) => {
  response.writeHead(200);
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536)));
  };
  response.on('drain', more);
  more();
};
/** A head without an end, a byte now and then: no time-out of a silent socket fires. */
export const drips: SinkBehaviour = (response) => {
  const { socket } = response;
  if (socket === null) return;
  socket.write('HTTP/1.1 200 OK\r\nX-Long: ');
  const drip = setInterval(() => socket.write('x'), 100);
  socket.once('close', () => clearInterval(drip));
};

/** An HTTP server of a test that does to every request what it is told, and remembers them. */
export class HttpSink {
  readonly requests: SinkRequest[] = [];
  readonly #server = createServer((request, response) => {
    const parts: Buffer[] = [];
    response.on('error', () => undefined);
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const received = { method, path: url, headers, body: Buffer.concat(parts).toString() };
      this.requests.push(received);
      this.behaviour(response, received);
    });
  });
  readonly #sockets = new Set<Socket>();
  /** Connections that came in, ever. */
  connections = 0;

  private constructor(public behaviour: SinkBehaviour) {
    this.#server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket.once('close', () => this.#sockets.delete(socket)));
      socket.on('error', () => undefined);
    });
  }

  static async start(behaviour: SinkBehaviour = accepts): Promise<HttpSink> {
    const sink = new HttpSink(behaviour);
    await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
