import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Gate } from './gate.js';
import { readRequest, type S3Request } from './s3-request.js';
import { signS3, type SigningKey } from './s3-resign.js';

export type { S3Request } from './s3-request.js';

/** What happens to a request on its way to the store or back. */
export type S3Fault =
  /** The proxy answers in the store's place, which never sees the request. */
  | { readonly kind: 'reply'; readonly status: number; readonly code: string; readonly date?: Date }
  /** Taken to the last byte, and never answered; the store never sees it. */
  | { readonly kind: 'stall' }
  /** Waits at the gate, and is passed on when that opens. */
  | { readonly kind: 'hold'; readonly gate: Gate }
  /** The connection is reset after so many bytes of the request's body, at its end at the latest. */
  | { readonly kind: 'reset-request'; readonly after: number }
  /** The reply is begun, and its connection reset after so many bytes of the body. */
  | { readonly kind: 'reset-reply'; readonly after: number }
  /** The reply is begun, and nothing more comes after so many bytes of the body. */
  | { readonly kind: 'stall-reply'; readonly after: number }
  /** The store does as it was asked, and the connection ends before its reply. */
  | { readonly kind: 'lose-reply' }
  /** Status 200 and an error in the body, as completions may have it; the store never sees the request. */
  | { readonly kind: 'error-in-200'; readonly code: string }
  /** All goes well, under another Date. */
  | { readonly kind: 'date'; readonly date: () => Date }
  /** All goes well, with headers more: what a store would say that knows more than the real one. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> };

export interface S3Rule {
  /** Names as in S3's API: `UploadPart`. Default: any. */
  readonly operation?: S3Request['operation'] | readonly S3Request['operation'][];
  readonly key?: RegExp;
  readonly partNumber?: number;
  /** Anything else: the key id of the credentials, a header. */
  readonly when?: (request: S3Request) => boolean;
  /** Matching requests that pass before the fault begins. Default 0. */
  readonly skip?: number;
  /** Requests that it strikes. Default: every one. */
  readonly times?: number;
}

export interface S3RuleReport {
  readonly struck: number;
  end(): void;
}

/** Stands before a real S3 server, passes everything on, and injects faults on the wire by rules. */
export interface S3Proxy {
  readonly endpoint: string;
  /** Every request that came, in order. */
  readonly requests: readonly S3Request[];
  /** The first rule that fits a request strikes it. */
  on(fault: S3Fault, rule?: S3Rule): S3RuleReport;
  /** Takes all rules away. */
  heal(): void;
  close(): Promise<void>;
}

interface Rule extends S3Rule {
  readonly fault: S3Fault;
  seen: number;
  struck: number;
}

/**
 * Headers, the Host among them, go on as they came: the signature covers the client's Host, and versitygw checks it against the header, not against its own
 * address. Bodies are passed on byte for byte. With `signAs` every request is signed anew, so that a client may use keys that the server has never heard of.
 */
export async function startS3Proxy(upstream: string, options: { readonly signAs?: SigningKey } = {}): Promise<S3Proxy> {
  const target = new URL(upstream);
  const agent = new Agent({ keepAlive: true });
  const requests: S3Request[] = [];
  const rules: Rule[] = [];
  const sockets = new Set<Socket>();

  const strike = (seen: S3Request): S3Fault | undefined => {
    for (const rule of rules) {
      if (!fits(rule, seen)) continue;
      rule.seen += 1;
      if (rule.seen <= (rule.skip ?? 0) || rule.struck >= (rule.times ?? Infinity)) continue;
      rule.struck += 1;
      return rule.fault;
    }
    return undefined;
  };

  const server = createServer((incoming, outgoing) => {
    const seen = readRequest(incoming);
    const fault = strike(seen);
    requests.push({ ...seen, ...(fault === undefined ? {} : { fault: fault.kind }) });
    // A client that goes away is no error of ours.
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    if (fault?.kind === 'reply' || fault?.kind === 'error-in-200') void answer(incoming, outgoing, fault);
    else if (fault?.kind === 'stall') incoming.resume();
    else if (fault?.kind === 'reset-request') resetAfter(incoming, fault.after);
    else {
      const go = () => passOn(incoming, outgoing, { target, agent, fault, signAs: options.signAs });
      if (fault?.kind === 'hold') void fault.gate.pass().then(() => incoming.destroyed || go());
      else go();
    }
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    on: (fault, rule = {}) => {
      const added: Rule = { ...rule, fault, seen: 0, struck: 0 };
      rules.push(added);
      return {
        get struck() {
          return added.struck;
        },
        end: () => {
          const at = rules.indexOf(added);
          if (at !== -1) rules.splice(at, 1);
        },
      };
    },
    heal: () => void rules.splice(0),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      await closed;
    },
  };
}

function fits({ operation, key, partNumber, when }: Rule, request: S3Request): boolean {
  const operations = typeof operation === 'string' ? [operation] : operation;
  return (
    operations?.includes(request.operation) !== false &&
    key?.test(request.key) !== false &&
    (partNumber === undefined || partNumber === request.partNumber) &&
    when?.(request) !== false
  );
}

/** Drinks the body first, as a store does: an answer before it would break the client's pipe. */
async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: S3Fault & { kind: 'reply' | 'error-in-200' },
): Promise<void> {
  await new Promise((resolve) => incoming.on('close', resolve).on('end', resolve).resume());
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${fault.code}</Code><Message>as told</Message></Error>`;
  const status = fault.kind === 'reply' ? fault.status : 200;
  const date = fault.kind === 'reply' && fault.date !== undefined ? { date: fault.date.toUTCString() } : {};
  outgoing.writeHead(status, { 'content-type': 'application/xml', 'content-length': body.length, ...date });
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}

function resetAfter(incoming: IncomingMessage, after: number): void {
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > after) incoming.socket.resetAndDestroy();
  });
  incoming.on('end', () => incoming.socket.resetAndDestroy());
}

interface Passing {
  readonly target: URL;
  readonly agent: Agent;
  readonly fault: S3Fault | undefined;
  readonly signAs: SigningKey | undefined;
}

function passOn(incoming: IncomingMessage, outgoing: ServerResponse, { target, agent, fault, signAs }: Passing): void {
  // The proxy's own server has said 100 already.
  const sent = withoutHeader(incoming.rawHeaders, 'expect');
  const headers = signAs === undefined ? sent : signedAnew(incoming, sent, signAs);
  const { method, url: path } = incoming;
  const onward = httpRequest({ host: target.hostname, port: target.port, agent, method, path, headers });
  onward.on('error', () => outgoing.destroy());
  outgoing.on('close', () => onward.destroy());
  onward.on('response', (reply) => {
    reply.on('error', () => outgoing.destroy());
    if (fault?.kind === 'lose-reply') {
      reply.resume();
      incoming.socket.destroy();
      return;
    }
    const raw = fault?.kind === 'date' ? withoutHeader(reply.rawHeaders, 'date') : reply.rawHeaders;
    const date = fault?.kind === 'date' ? ['Date', fault.date().toUTCString()] : [];
    const told = fault?.kind === 'headers' ? fault.headers : {};
    const rest = Object.keys(told).reduce<readonly string[]>(withoutHeader, raw);
    outgoing.writeHead(reply.statusCode ?? 502, [...rest, ...date, ...Object.entries(told).flat()]);
    if (fault?.kind === 'reset-reply' || fault?.kind === 'stall-reply') breakOff(reply, outgoing, fault);
    else reply.pipe(outgoing);
  });
  incoming.pipe(onward);
}

function signedAnew(
  { method = '', url = '/', headers }: IncomingMessage,
  raw: readonly string[],
  key: SigningKey,
): string[] {
  const unsigned = withoutHeader(withoutHeader(raw, 'authorization'), 'x-amz-security-token');
  const [, list = ''] = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '') ?? [];
  const signed = list.split(';').filter((name) => name !== 'x-amz-security-token');
  const request = { method, url, headers: Object.fromEntries(signed.map((name) => [name, String(headers[name])])) };
  return [...unsigned, 'Authorization', signS3(request, key)];
}

function breakOff(
  reply: IncomingMessage,
  outgoing: ServerResponse,
  { kind, after }: { readonly kind: 'reset-reply' | 'stall-reply'; readonly after: number },
): void {
  let room = after;
  reply.on('data', (chunk: Buffer) => {
    const piece = chunk.subarray(0, room);
    room -= piece.length;
    const last = room === 0 && kind === 'reset-reply';
    // What was let through is on its way first.
    if (piece.length > 0) outgoing.write(piece, () => last && outgoing.socket?.resetAndDestroy());
    else if (last) outgoing.socket?.resetAndDestroy();
  });
}

function withoutHeader(raw: readonly string[], name: string): string[] {
  return raw.filter((_, at) => raw[at - (at % 2)]?.toLowerCase() !== name);
}
