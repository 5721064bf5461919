import { Binary, UUID, type Collection, type Db, type MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import type { LoadRequest } from '../../engine.js';
import type { NamedEntry } from './name-plan.js';
import { compare, databasesOf, listNames, nameOf } from './names.js';
import { catalogueMarker, type EntryKind } from './plan-types.js';
import { decodeToMap, type BsonMap } from './raw-bson.js';

/** A collection, view or time series as the target lists it. */
export interface ListedCollection {
  readonly name: string;
  readonly kind: EntryKind;
  readonly options: BsonMap;
  readonly uuid: string | null;
}

/** What stands under a name that will be written. */
export interface Occupant {
  readonly kind: EntryKind;
  readonly uuid: string | null;
  /** Rough for large collections: the server's own count. */
  readonly documents: number;
  /** Other than the one on `_id`. */
  readonly indexes: number;
}

/** The occupants of the names of a plan; a name that is free has none. Keys: `occupantKey`. */
export type TargetState = ReadonlyMap<string, Occupant>;

export function occupantKey(db: string, collection: string): string {
  return `${db}.${collection}`;
}

export async function listCollections(db: Db): Promise<Map<string, ListedCollection>> {
  const cursor = db.listCollections({}, { raw: true, readPreference: 'primary' });
  const listed = new Map<string, ListedCollection>();
  for await (const raw of cursor) {
    const entry = decodeToMap(bytesOf(raw));
    const name = String(entry.get('name'));
    listed.set(name, {
      name,
      kind: kindOf(entry.get('type')),
      options: mapOf(entry.get('options')),
      uuid: uuidOf(mapOf(entry.get('info')).get('uuid')),
    });
  }
  return listed;
}

export async function listIndexes(db: Db, collection: string): Promise<BsonMap[]> {
  const cursor = db.collection(collection, { readPreference: 'primary' }).listIndexes({ raw: true });
  const indexes: BsonMap[] = [];
  for await (const raw of cursor) indexes.push(decodeToMap(bytesOf(raw as unknown)));
  return indexes;
}

/** With `raw`, the driver's cursors give buffers under the type of documents. */
function bytesOf(raw: unknown): Uint8Array {
  if (raw instanceof Uint8Array) return raw;
  throw new TypeError('The driver did not return raw bytes');
}

function kindOf(type: unknown): EntryKind {
  return type === 'view' || type === 'timeseries' ? type : 'collection';
}

function mapOf(value: unknown): BsonMap {
  return value instanceof Map ? (value as BsonMap) : new Map<string, unknown>();
}

function uuidOf(value: unknown): string | null {
  if (value instanceof UUID) return value.toHexString();
  return value instanceof Binary ? Buffer.from(value.buffer).toString('hex') : null;
}

export function isIdIndex(index: BsonMap): boolean {
  const key = index.get('key');
  return key instanceof Map && key.size === 1 && key.has('_id') && index.get('name') === '_id_';
}

/** Looks at every name that will be written. Throws `target/refused` for the catalogue's own database. */
export async function inspectTarget(client: MongoClient, entries: readonly NamedEntry[]): Promise<TargetState> {
  const state = new Map<string, Occupant>();
  for (const name of databasesOf(entries)) {
    const db = client.db(name);
    const listed = await listCollections(db);
    if (listed.has(catalogueMarker)) await refuseCatalogue(db);
    for (const entry of entries) {
      const found = entry.db === name ? listed.get(entry.collection) : undefined;
      if (found) state.set(occupantKey(name, entry.collection), await lookAt(db, found));
    }
  }
  return state;
}

async function lookAt(db: Db, { name, kind, uuid }: ListedCollection): Promise<Occupant> {
  if (kind === 'view') return { kind, uuid, documents: 0, indexes: 0 };
  const collection = db.collection(name, { readPreference: 'primary' });
  // The count comes from statistics, which a crash of the server can leave wrong: that a collection is empty is looked at.
  const documents =
    (await settledCount(collection)) || ((await collection.findOne({}, { raw: true })) === null ? 0 : 1);
  const indexes = kind === 'collection' ? await listIndexes(db, name) : [];
  return { kind, uuid, documents, indexes: indexes.filter((index) => !isIdIndex(index)).length };
}

async function refuseCatalogue(db: Db): Promise<void> {
  if ((await db.collection(catalogueMarker).findOne({})) === null) return;
  throw new AppError({
    code: 'target/refused',
    stage: 'plan',
    message: `The database ${db.databaseName} is Hazina's own catalogue, which is never restored over`,
    hint: `Restore it under another name: --rename '${db.databaseName}=${db.databaseName}_restored'`,
  });
}

/** "Empty" (docs/DESIGN.md): no documents, no view, no indexes other than `_id`. A time series cannot be moved away, so it never counts as empty. */
export function isEmpty(occupant: Occupant | undefined): boolean {
  if (!occupant) return true;
  return occupant.kind === 'collection' && occupant.documents === 0 && occupant.indexes === 0;
}

export function refuseUnlessEmpty(
  entries: readonly NamedEntry[],
  state: TargetState,
  onRefusal?: (refusal: AppError) => void,
): void {
  const taken = entries.filter((entry) => !isEmpty(state.get(occupantKey(entry.db, entry.collection))));
  if (taken.length === 0) return;
  const databases = [...new Set(taken.map((entry) => entry.db))].sort(compare);
  const refusal = new AppError({
    code: 'target/not-empty',
    stage: 'plan',
    message: `The target is not empty: ${listNames(taken.map((entry) => describe(entry, state)))}`,
    hint: `Restore beside it with --rename '${databases[0] ?? ''}=OTHER', or over it with --replace ${databases.map((db) => `--confirm '${db}'`).join(' ')}`,
    details: { namespaces: taken.map(nameOf) },
  });
  if (!onRefusal) throw refusal;
  onRefusal(refusal);
}

/** What has the name of an entry, for people. */
export function describe(entry: NamedEntry, state: TargetState): string {
  const occupant = state.get(occupantKey(entry.db, entry.collection));
  if (!occupant || occupant.kind === 'view') return `${nameOf(entry)} (a view)`;
  if (occupant.kind === 'timeseries') return `${nameOf(entry)} (a time series)`;
  const parts = [];
  if (occupant.documents > 0) parts.push(`${occupant.documents} document${occupant.documents === 1 ? '' : 's'}`);
  if (occupant.indexes > 0) parts.push(`${occupant.indexes} index${occupant.indexes === 1 ? '' : 'es'} beside _id`);
  return `${nameOf(entry)} (${parts.join(', ')})`;
}

/** What changed under the names between two looks, in words. `into-empty`: only what is no longer empty matters. */
export function changesBetween(
  entries: readonly NamedEntry[],
  before: TargetState,
  after: TargetState,
  mode: 'into-empty' | 'replace',
): string[] {
  return entries.flatMap((entry) => {
    const key = occupantKey(entry.db, entry.collection);
    const now = after.get(key);
    if (mode === 'into-empty') return isEmpty(now) ? [] : [`${describe(entry, after)} appeared`];
    const then = before.get(key);
    if (!then) return isEmpty(now) ? [] : [`${describe(entry, after)} appeared`];
    // Dropped meanwhile: nothing of it is left to lose.
    if (!now) return [];
    if (now.kind !== then.kind || now.uuid !== then.uuid) return [`${nameOf(entry)} was created anew`];
    if (now.documents !== then.documents)
      return [`${nameOf(entry)} had ${then.documents} documents and has ${now.documents}`];
    return [];
  });
}

/** Above this a collection is not counted document by document. */
const fewDocuments = 100_000;

/** Statistics of some compatible servers lag behind, which would look like somebody else's writes: what is few is counted, what is many estimated. */
async function settledCount(collection: Collection): Promise<number> {
  const estimate = await collection.estimatedDocumentCount();
  return estimate < fewDocuments ? collection.countDocuments() : estimate;
}

/** What happens to a name: `state` is what has it now. */
export function actionFor(
  entry: NamedEntry,
  request: LoadRequest,
  state: TargetState,
  isResumed = false,
): 'create' | 'replace' | 'refused' {
  const occupant = state.get(occupantKey(entry.db, entry.collection));
  if (request.mode === 'replace') return occupant ? 'replace' : 'create';
  return isEmpty(occupant) || isResumed ? 'create' : 'refused';
}
