import { MongoClient, type Db, type MongoClientOptions } from 'mongodb';
import type { Secret } from '#contracts';
import { badUri, translateMongoError, type Side } from './translate-error.js';

export interface ConnectOptions {
  /** How long to look for a server. Default 10,000; the URI's own value wins. */
  readonly serverSelectionTimeoutMs?: number;
  readonly maxPoolSize?: number;
  readonly monitorCommands?: boolean;
}

/** An open connection: the driver's client, and its end. */
export interface Connection {
  readonly client: MongoClient;
  /** The database in the URI's path; undefined without one. */
  readonly database: string | undefined;
  db(name: string): Db;
  /** Ends every connection at once, also those that wait for an answer. */
  close(): Promise<void>;
}

/** Connects and says hello. Throws `<side>/unreachable`, `<side>/refused`, `config/invalid`; never a credential. */
export async function connect(uri: Secret, side: Side, options: ConnectOptions = {}): Promise<Connection> {
  const text = uri.reveal();
  if (!/^mongodb(\+srv)?:\/\//.test(text)) throw badUri(side);
  let client: MongoClient;
  try {
    client = new MongoClient(text, clientOptions(text, options));
  } catch (error) {
    throw badUri(side, error);
  }
  try {
    await client.connect();
    await client.db('admin').command({ ping: 1 });
  } catch (error) {
    await client.close().catch(() => undefined);
    throw translateMongoError(error, side, 'probe');
  }
  return {
    client,
    database: databaseOf(text),
    db: (name) => client.db(name),
    close: () => client.close(),
  };
}

/** The database in the path of a MongoDB URI; undefined without one. */
export function databaseOf(uri: string): string | undefined {
  const path = /^mongodb(?:\+srv)?:\/\/[^/?]*\/([^?]*)/.exec(uri)?.[1];
  return path === undefined || path === '' ? undefined : decodeURIComponent(path);
}

function clientOptions(uri: string, options: ConnectOptions): MongoClientOptions {
  return {
    appName: 'hazina',
    ...(/[?&]serverSelectionTimeoutMS=/i.test(uri)
      ? {}
      : { serverSelectionTimeoutMS: options.serverSelectionTimeoutMs ?? 10_000 }),
    ...(options.maxPoolSize === undefined ? {} : { maxPoolSize: options.maxPoolSize }),
    monitorCommands: options.monitorCommands ?? false,
  };
}
