import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { Transform } from 'node:stream';

export interface TcpProxyOptions {
  /** Every piece of data waits so long, in both directions. Default 0. */
  readonly latencyMs?: number;
  /** Bytes a second in each direction of a connection. Default: as fast as it goes. */
  readonly bandwidth?: number;
}

/** A server on 127.0.0.1 that passes everything on to another one (of MongoDB, Redis, HTTP), until a test says otherwise: a network that fails on command. */
export interface TcpProxy {
  /** The given URI with this proxy as its host. */
  readonly uri: string;
  /** Bytes that came from the server so far. */
  readonly bytesFromServer: number;
  /** Connections that are open. */
  readonly connections: number;
  /** Breaks all connections and accepts no more, until it is mended. */
  cut(): void;
  /** The same by a reset instead of an orderly end. */
  reset(): void;
  /** From now on connections are taken and kept, but nothing is passed on: a black hole. */
  silence(): void;
  /** Passes everything on again; what was broken stays broken, what was swallowed stays lost. */
  mend(): void;
  /** Does one of these when so many bytes came from the server, counted from the start; what is beyond is not passed on. */
  after(bytes: number, what: 'cut' | 'reset' | 'silence'): void;
  /** Keeps back every piece of data to the server that holds this text, and what follows it on its connection, until it is let go. */
  holdBack(text: string): HeldBack;
  close(): Promise<void>;
}

/** A barrier on the wire. */
export interface HeldBack {
  /** Connections that wait. */
  readonly count: number;
  letGo(): void;
}

export async function startTcpProxy(uri: string, options: TcpProxyOptions = {}): Promise<TcpProxy> {
  const [scheme = ''] = /^[a-z]+:/.exec(uri) ?? [];
  const target = new URL(uri.replace(scheme, 'http:'));
  const address = { host: target.hostname, port: Number(target.port) };
  const sockets = new Set<Socket>();
  const state = {
    mode: 'pass' as 'pass' | 'silent' | 'broken',
    bytes: 0,
    limit: Infinity,
    atLimit: undefined as (() => void) | undefined,
    barrier: undefined as { readonly text: string; readonly waiting: (() => void)[] } | undefined,
  };

  const server = createServer((near) => {
    if (state.mode === 'broken') {
      near.destroy();
      return;
    }
    const far = createConnection(address);
    // A connection that is broken off before it stood.
    far.on('error', () => near.destroy());
    const pairs = [
      { from: near, to: far, isAnswer: false },
      { from: far, to: near, isAnswer: true },
    ];
    for (const { from, to, isAnswer } of pairs) {
      sockets.add(from);
      from.pipe(passOn(isAnswer)).pipe(to);
      // Either side's end or error ends the pair.
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });

  const passOn = (isAnswer: boolean): Transform =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        let passed = chunk;
        if (isAnswer) {
          const room = state.limit - state.bytes;
          state.bytes += chunk.length;
          if (chunk.length >= room) passed = chunk.subarray(0, Math.max(0, room));
        }
        const give = () => {
          done(null, state.mode === 'pass' && passed.length > 0 ? passed : undefined);
          // What was let through is on its way first.
          if (state.bytes >= state.limit && state.atLimit !== undefined) setImmediate(state.atLimit);
        };
        const { latencyMs = 0, bandwidth = Infinity } = options;
        const waitMs = latencyMs + (chunk.length / bandwidth) * 1000;
        if (!isAnswer && state.barrier !== undefined && chunk.includes(state.barrier.text))
          state.barrier.waiting.push(give);
        else if (waitMs === 0) give();
        else setTimeout(give, waitMs);
      },
    });

  const breakAll = (how: (socket: Socket) => void): void => {
    state.mode = 'broken';
    for (const socket of [...sockets]) how(socket);
  };
  const faults = {
    cut: () => breakAll((socket) => socket.destroy()),
    reset: () => breakAll((socket) => socket.resetAndDestroy()),
    silence: () => {
      state.mode = 'silent';
    },
  };
  const mend = (): void => {
    Object.assign(state, { mode: 'pass', limit: Infinity, atLimit: undefined });
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  target.hostname = '127.0.0.1';
  target.port = String((server.address() as AddressInfo).port);
  return {
    uri: target.toString().replace(/^http:/, scheme),
    get bytesFromServer() {
      return state.bytes;
    },
    get connections() {
      return sockets.size / 2;
    },
    ...faults,
    mend,
    after: (bytes, what) => {
      state.atLimit = faults[what];
      state.limit = bytes;
    },
    holdBack: (text) => {
      const waiting: (() => void)[] = [];
      state.barrier = { text, waiting };
      return {
        get count() {
          return waiting.length;
        },
        letGo: () => {
          // Another one may stand there by now: it holds back what comes from here on.
          if (state.barrier?.waiting === waiting) state.barrier = undefined;
          for (const give of waiting.splice(0)) give();
        },
      };
    },
    close: async () => {
      faults.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
