import { BSON, type ClientSession, type Db } from 'mongodb';
import { bsonToCanonicalJson } from '#archive';
import { compare } from '../load/names.js';
import { listDocuments } from './raw-commands.js';
import { rawFields, textOf, type RawValue } from './raw-fields.js';

/** A collection, view or time series as the server lists it. */
export interface ListedCollection {
  readonly db: string;
  readonly name: string;
  readonly type: 'collection' | 'view' | 'timeseries';
  /** Canonical Extended JSON; null when there are none. */
  readonly options: string | null;
  /** 32 hex digits; null where the server tells none (views, time series). */
  readonly uuid: string | null;
}

const bson = { document: 0x03, binary: 0x05 } as const;
const emptyDocument = 5;

/** In order of names. `filter` as of the command. */
export async function listCollections(
  db: Db,
  session: ClientSession,
  filter: { readonly name?: string } = {},
): Promise<ListedCollection[]> {
  const documents = await listDocuments(db, { listCollections: 1, filter }, session);
  return documents.map((document) => parse(db.databaseName, document)).sort((a, b) => compare(a.name, b.name));
}

function parse(db: string, document: Buffer): ListedCollection {
  const fields = rawFields(document);
  const type = textOf(fields.get('type'));
  return {
    db,
    name: textOf(fields.get('name')) ?? '',
    type: type === 'view' || type === 'timeseries' ? type : 'collection',
    options: optionsOf(fields.get('options')),
    uuid: uuidOf(fields.get('info')),
  };
}

/** mongodump leaves empty options out. */
function optionsOf(value: RawValue | undefined): string | null {
  return value?.type !== bson.document || value.bytes.length <= emptyDocument ? null : bsonToCanonicalJson(value.bytes);
}

function uuidOf(info: RawValue | undefined): string | null {
  if (info?.type !== bson.document) return null;
  const uuid = rawFields(info.bytes).get('uuid');
  // Length, subtype, 16 bytes.
  const isUuid = uuid?.type === bson.binary && uuid.bytes.length === 21 && uuid.bytes[4] === BSON.Binary.SUBTYPE_UUID;
  return isUuid ? uuid.bytes.toString('hex', 5) : null;
}
