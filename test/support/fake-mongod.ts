import { createServer, type AddressInfo, type Socket } from 'node:net';
import { BSON, type Document } from 'mongodb';

/**
 * A server that speaks just enough of the MongoDB wire protocol to say what a test tells it to: errors, topologies and kinds of collections that the server
 * of the test run does not have. What is in a real server's power is tested with that one.
 */
export interface FakeMongod {
  readonly uri: string;
  /** Commands that came, hello and its like left out. */
  readonly commands: readonly Document[];
  close(): Promise<void>;
}

/** `undefined`: answer as usual; `silence`: never; `hang-up`: close the connection. */
export type FakeAnswer = Document | 'silence' | 'hang-up' | undefined;

export interface FakeMongodOptions {
  readonly version?: string;
  /** Added to the reply to hello: `setName`, `msg`. */
  readonly hello?: Document;
  readonly collections: readonly FakeCollection[];
  /** Asked first. */
  readonly answer?: (command: Document) => FakeAnswer;
}

export interface FakeCollection {
  readonly db: string;
  readonly name: string;
  readonly type?: 'collection' | 'view' | 'timeseries';
  readonly options?: Document;
  readonly uuid?: BSON.UUID;
  readonly indexes?: readonly Document[];
  /** Each inner list is one reply. */
  readonly batches?: readonly (readonly Document[])[];
}

const opReply = 1;
const opQuery = 2004;
const opMsg = 2013;
const headerBytes = 16;
const handshake = new Set(['hello', 'ismaster', 'isMaster']);

export async function startFakeMongod(options: FakeMongodOptions): Promise<FakeMongod> {
  const commands: Document[] = [];
  const sockets = new Set<Socket>();
  const replies = new Replies(options);
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let waiting = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      while (waiting.length >= headerBytes && waiting.length >= waiting.readInt32LE()) {
        const message = waiting.subarray(0, waiting.readInt32LE());
        waiting = waiting.subarray(message.length);
        handle(socket, message);
      }
    });
  });

  const handle = (socket: Socket, message: Buffer): void => {
    const isQuery = message.readInt32LE(12) === opQuery;
    const bodyAt = isQuery ? message.indexOf(0, headerBytes + 4) + 1 + 8 : headerBytes + 5;
    const command = BSON.deserialize(message.subarray(bodyAt, bodyAt + message.readInt32LE(bodyAt)));
    const [name = ''] = Object.keys(command);
    if (!handshake.has(name)) commands.push(command);
    const answer = handshake.has(name) ? replies.hello() : (options.answer?.(command) ?? replies.to(name, command));
    if (answer === 'hang-up') socket.destroy();
    else if (answer !== 'silence') socket.write(encode(isQuery, message.readInt32LE(4), answer));
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    uri: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    commands,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function encode(isQuery: boolean, requestId: number, answer: Document): Buffer {
  const body = BSON.serialize({ ok: 1, ...answer }, { ignoreUndefined: true });
  // OP_REPLY: flags, cursor id, start, number of documents. OP_MSG: flags, kind of the section.
  const between = Buffer.alloc(isQuery ? 20 : 5);
  if (isQuery) between.writeInt32LE(1, 16);
  const header = Buffer.alloc(headerBytes);
  header.writeInt32LE(headerBytes + between.length + body.length, 0);
  header.writeInt32LE(requestId, 8);
  header.writeInt32LE(isQuery ? opReply : opMsg, 12);
  return Buffer.concat([header, between, body]);
}

/** What the server says when the test has no word of its own. */
class Replies {
  readonly #cursors = new Map<bigint, { namespace: string; batches: Document[][] }>();
  #lastCursor = 0n;

  constructor(private readonly options: FakeMongodOptions) {}

  hello(): Document {
    return {
      helloOk: true,
      isWritablePrimary: true,
      maxBsonObjectSize: 16 << 20,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
      logicalSessionTimeoutMinutes: 30,
      minWireVersion: 0,
      maxWireVersion: 25,
      ...this.options.hello,
    };
  }

  to(name: string, command: Document): Document {
    const { collections, version } = this.options;
    const here = collections.filter(({ db }) => db === command['$db']);
    const wanted = here.find((collection) => collection.name === command[name]);
    switch (name) {
      case 'buildInfo':
        return { version: version ?? '8.0.4' };
      case 'listDatabases':
        return { databases: [...new Set(collections.map(({ db }) => db))].map((db) => ({ name: db })) };
      case 'listCollections':
        return this.#cursor(String(command['$db']), '$cmd.listCollections', [here.map(listed)]);
      case 'listIndexes':
        if (wanted === undefined) return { ok: 0, code: 26, errmsg: 'ns does not exist' };
        return this.#cursor(wanted.db, wanted.name, [[...(wanted.indexes ?? [])]]);
      case 'find': {
        const batches = (wanted?.batches ?? []).map((batch) => [...batch]);
        const limited = command['limit'] === 1 ? [batches.flat().slice(0, 1)] : batches;
        const level = (command['readConcern'] as Document | undefined)?.['level'] as unknown;
        const at = level === 'snapshot' ? { atClusterTime: new BSON.Timestamp({ t: 1_700_000_000, i: 7 }) } : {};
        return this.#cursor(String(command['$db']), String(command[name]), limited, at);
      }
      case 'getMore': {
        const id = BSON.Long.fromValue(command[name] as BSON.Long).toBigInt();
        const cursor = this.#cursors.get(id);
        if (cursor === undefined) return { ok: 0, code: 43, errmsg: 'cursor not found' };
        const nextBatch = cursor.batches.shift() ?? [];
        const done = cursor.batches.length === 0;
        if (done) this.#cursors.delete(id);
        return { cursor: { id: BSON.Long.fromBigInt(done ? 0n : id), ns: cursor.namespace, nextBatch } };
      }
      case 'dbStats':
        return { dataSize: 1000 };
      case 'collStats':
        return { size: 1000 };
      case 'getParameter':
        return { minSnapshotHistoryWindowInSeconds: 300 };
      case 'ping':
      case 'endSessions':
      case 'killCursors':
        return {};
      default:
        return { ok: 0, code: 59, errmsg: `no such command: ${name}` };
    }
  }

  #cursor(db: string, collection: string, batches: Document[][], more: Document = {}): Document {
    const namespace = `${db}.${collection}`;
    const [firstBatch = [], ...rest] = batches;
    if (rest.length === 0) return { cursor: { id: BSON.Long.ZERO, ns: namespace, firstBatch, ...more } };
    this.#lastCursor += 1n;
    this.#cursors.set(this.#lastCursor, { namespace, batches: rest });
    return { cursor: { id: BSON.Long.fromBigInt(this.#lastCursor), ns: namespace, firstBatch, ...more } };
  }
}

function listed({ name, type = 'collection', options = {}, uuid }: FakeCollection): Document {
  return { name, type, options, info: uuid === undefined ? { readOnly: true } : { readOnly: false, uuid } };
}
