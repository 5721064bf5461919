import { Readable } from 'node:stream';
import { MongoClient, type CommandStartedEvent, type Document } from 'mongodb';
import { Secret } from '#contracts';
import { createNativeLoadEngine, type LoadReport, type LoadRequest, type NativeLoadOptions } from '#engine';
import { loadRequestTo } from './load-request.js';

export function testUri(): string {
  const uri = process.env['TEST_MONGODB_URI'];
  if (uri === undefined) throw new Error('TEST_MONGODB_URI is not set: the global set-up of Jest starts a server');
  return uri;
}

/** A request for everything, into an empty target, with the given changes. */
export function loadRequest(changes: Partial<LoadRequest> = {}): LoadRequest {
  return loadRequestTo(new Secret(testUri()), { backupId: 'test-20260101T000000Z-abcdef', ...changes });
}

/** Loads an archive that is at hand, in pieces as a decompressor gives them. */
export async function loadArchive(
  archive: Buffer | Readable,
  changes: Partial<LoadRequest> = {},
  options: NativeLoadOptions = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<LoadReport> {
  return createNativeLoadEngine(options).load(
    loadRequest(changes),
    Buffer.isBuffer(archive) ? piecesOf(archive) : archive,
    signal,
  );
}

export function piecesOf(archive: Buffer, pieceBytes = 64 << 10): Readable {
  const pieces = function* () {
    for (let start = 0; start < archive.length; start += pieceBytes) yield archive.subarray(start, start + pieceBytes);
  };
  return Readable.from(pieces(), { objectMode: false });
}

/** The archive, whose end comes only when the gate is open. */
export function gated(archive: Buffer, gate: () => Promise<unknown>): Readable {
  const pieces = async function* () {
    yield archive.subarray(0, -1);
    await gate();
    yield archive.subarray(-1);
  };
  return Readable.from(pieces(), { objectMode: false });
}

export interface SentCommand {
  readonly db: string;
  readonly name: string;
  readonly command: Document;
}

/** An option `connect` whose client tells every command that the loader sends, before it is sent. */
export function listening(
  onCommand: (command: SentCommand, client: MongoClient) => void,
): Required<Pick<NativeLoadOptions, 'connect'>> {
  return {
    connect: async (uri) => {
      const client = new MongoClient(uri.reveal(), { monitorCommands: true, serverSelectionTimeoutMS: 500 });
      client.on('commandStarted', (event: CommandStartedEvent) =>
        onCommand({ db: event.databaseName, name: event.commandName, command: event.command }, client),
      );
      return client.connect();
    },
  };
}

/** What a database holds, system collections included: `name (documents, indexes)`, sorted. */
export async function contentsOf(client: MongoClient, db: string): Promise<string[]> {
  const collections = await client.db(db).listCollections({}, { nameOnly: true }).toArray();
  const described = await Promise.all(
    collections.map(async ({ name }) => {
      const collection = client.db(db).collection(name);
      return `${name} (${await collection.countDocuments()}, ${(await collection.indexes()).length})`;
    }),
  );
  return described.sort();
}
