import type { ClientSession, Db } from 'mongodb';
import { bsonToCanonicalJson, encodeMetadata } from '#archive';
import { serverCode } from './server-code.js';
import { rawDocuments } from './raw-cursor.js';
import { rawFields, textOf, type RawValue } from './raw-fields.js';

export type ListedType = 'collection' | 'view' | 'timeseries';

/** A collection, view or time series as the server lists it. */
export interface ListedNamespace {
  readonly db: string;
  readonly collection: string;
  readonly type: ListedType;
  /** Metadata text of the prelude. */
  readonly metadata: string;
}

const namespaceNotFound = 26;

/** Everything of a database that `wanted` takes, with its metadata, in order of names. */
export async function listNamespaces(
  db: Db,
  session: ClientSession,
  wanted: (collection: string) => boolean,
): Promise<ListedNamespace[]> {
  const listed: ListedNamespace[] = [];
  for (const document of await rawDocuments(db, { listCollections: 1, cursor: {} }, session)) {
    const fields = rawFields(document);
    const collection = textOf(fields.get('name')) ?? '';
    const type = typeOf(textOf(fields.get('type')));
    if (!wanted(collection)) continue;
    const indexes = type === 'view' ? [] : await listIndexes(db, collection, session);
    // Dropped since it was listed.
    if (indexes === null) continue;
    const metadata = encodeMetadata({
      options: optionsOf(fields.get('options')),
      indexes,
      uuid: type === 'view' ? null : uuidOf(fields.get('info')),
      collectionName: collection,
      type,
    });
    listed.push({ db: db.databaseName, collection, type, metadata });
  }
  return listed.sort((a, b) => (a.collection < b.collection ? -1 : 1));
}

async function listIndexes(db: Db, collection: string, session: ClientSession): Promise<string[] | null> {
  try {
    const documents = await rawDocuments(db, { listIndexes: collection, cursor: {} }, session);
    return documents.map(bsonToCanonicalJson);
  } catch (error) {
    if (serverCode(error) === namespaceNotFound) return null;
    throw error;
  }
}

function typeOf(text: string | undefined): ListedType {
  return text === 'view' || text === 'timeseries' ? text : 'collection';
}

/** mongodump leaves empty options out. */
function optionsOf(value: RawValue | undefined): string | null {
  return value?.type !== 0x03 || value.bytes.length <= 5 ? null : bsonToCanonicalJson(value.bytes);
}

function uuidOf(info: RawValue | undefined): string | null {
  if (info?.type !== 0x03) return null;
  const uuid = rawFields(info.bytes).get('uuid');
  return uuid?.type === 0x05 && uuid.bytes.length === 21 ? uuid.bytes.subarray(5).toString('hex') : null;
}
