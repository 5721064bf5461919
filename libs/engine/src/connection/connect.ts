import { MongoClient, type Db, type MongoClientOptions } from 'mongodb';
import { cancelled, databaseOf, isMongoUri, messageOf, throwIfAborted, type Secret } from '#contracts';
import { closeClient } from './close-client.js';
import { harmless } from './harmless-text.js';
import { badUri, translateMongoError, type Side } from './translate-error.js';

const defaultSelectionMs = 10_000;

export interface ConnectOptions {
  /** How long to look for a server. Default 10,000; the URI's own value wins. */
  readonly serverSelectionTimeoutMs?: number;
  /** How long a connection that was asked may say nothing; then it is given up (`MongoNetworkTimeoutError`). Default: for ever. The URI's own value wins. */
  readonly silenceTimeoutMs?: number;
  readonly maxPoolSize?: number;
  /** Connections that are made ahead and kept. */
  readonly minPoolSize?: number;
  readonly monitorCommands?: boolean;
  /** Ends the attempt to connect; afterwards `close()` does. */
  readonly signal?: AbortSignal;
}

/** An open connection: the driver's client, and its end. */
export interface Connection {
  readonly client: MongoClient;
  /** The database in the URI's path; undefined without one. */
  readonly database: string | undefined;
  db(name: string): Db;
  /** Ends sessions and connections; soon, whatever the server does. */
  close(): Promise<void>;
  /** Ends every connection at once, also those that wait for an answer. */
  destroy(): Promise<void>;
}

/** Connects and says hello. Throws `<side>/unreachable`, `<side>/refused`, `config/invalid`, `run/cancelled`; never a credential. */
export async function connect(uri: Secret, side: Side, options: ConnectOptions = {}): Promise<Connection> {
  throwIfAborted(options.signal, 'probe');
  const text = uri.reveal();
  const database = databaseOf(text);
  const client = createClient(text, side, options);
  const destroy = () => closeClient(client, { force: true });
  const onAbort = () => void destroy().catch(() => undefined);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
    await client.db('admin').command({ ping: 1 });
    throwIfAborted(options.signal, 'probe');
  } catch (error) {
    await destroy().catch(() => undefined);
    if (options.signal?.aborted === true) throw cancelled(options.signal, 'probe');
    throw translateMongoError(error, side, 'probe');
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
  return {
    client,
    database,
    db: (name) => client.db(name),
    close: () => closeClient(client, { force: false }),
    destroy,
  };
}

function createClient(uri: string, side: Side, options: ConnectOptions): MongoClient {
  if (!isMongoUri(uri)) throw badUri(side);
  try {
    return new MongoClient(uri, clientOptions(uri, options));
  } catch (error) {
    throw badUri(side, harmless(messageOf(error), uri));
  }
}

function clientOptions(uri: string, options: ConnectOptions): MongoClientOptions {
  const says = (name: string) => new RegExp(`[?&]${name}=`, 'i').test(uri);
  return {
    appName: 'hazina',
    ...(says('serverSelectionTimeoutMS')
      ? {}
      : { serverSelectionTimeoutMS: options.serverSelectionTimeoutMs ?? defaultSelectionMs }),
    // A server that takes longer to say hello is not chosen anyway.
    ...(says('connectTimeoutMS') ? {} : { connectTimeoutMS: options.serverSelectionTimeoutMs ?? defaultSelectionMs }),
    ...(says('socketTimeoutMS') || options.silenceTimeoutMs === undefined
      ? {}
      : { socketTimeoutMS: options.silenceTimeoutMs }),
    ...(options.minPoolSize === undefined ? {} : { minPoolSize: options.minPoolSize }),
    ...(options.maxPoolSize === undefined ? {} : { maxPoolSize: options.maxPoolSize }),
    monitorCommands: options.monitorCommands ?? false,
  };
}
