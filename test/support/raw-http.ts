import { connect, type Socket } from 'node:net';

/** A reply as it came on the wire. */
export interface RawReply {
  readonly status: number;
  /** Names in small letters; of several the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly milliseconds: number;
}

/** An HTTP/1.1 request as bytes: exactly the headers that are given, and the length of a body. */
export function requestBytes(
  method: string,
  path: string,
  headers: readonly (readonly [string, string])[],
  body?: string | Buffer,
): Buffer {
  const length = body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))] as const];
  const lines = [...headers, ...length].map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${path} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n${lines.join('')}\r\n`;
  // Header values may hold bytes that are no text.
  return Buffer.concat([Buffer.from(head, 'latin1'), body === undefined ? Buffer.alloc(0) : Buffer.from(body)]);
}

/** Sends bytes as they are and reads the first reply; null: the connection ended without one. */
export async function sendBytes(port: number, bytes: string | Buffer, timeoutMs = 10_000): Promise<RawReply | null> {
  const started = performance.now();
  const socket = connect(port, '127.0.0.1');
  try {
    socket.write(bytes);
    return await readReply(socket, started, timeoutMs);
  } finally {
    socket.destroy();
  }
}

/** Waits for the reply on a connection on which nothing more is sent. */
export function readReply(socket: Socket, started: number, timeoutMs: number): Promise<RawReply | null> {
  return new Promise((resolve, reject) => {
    let text = '';
    const late = setTimeout(() => reject(new Error(`no reply within ${timeoutMs} ms`)), timeoutMs);
    const done = (reply: RawReply | null): void => {
      clearTimeout(late);
      resolve(reply);
    };
    const look = (isEnd: boolean): void => {
      const reply = parse(text, isEnd, performance.now() - started);
      if (reply !== undefined) done(reply);
      else if (isEnd) done(null);
    };
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      look(false);
    });
    // A server that has answered may reset what is still being sent.
    socket.on('error', () => look(true));
    socket.on('close', () => look(true));
  });
}

function parse(text: string, isEnd: boolean, milliseconds: number): RawReply | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = text.slice(end + 4);
  const length = headers['content-length'];
  if (!isEnd && (length === undefined || body.length < Number(length))) return undefined;
  return { status: Number(first.split(' ')[1]), headers, body: Buffer.from(body, 'latin1').toString(), milliseconds };
}
