import { bsonToCanonicalJson, encodeMetadata, type PreludeCollection } from '#archive';
import { forEachFew } from '../load/target-errors.js';
import { compare, nameOf } from '../load/names.js';
import type { ListedCollection } from './list-collections.js';
import type { Look } from './look.js';
import { listDocuments } from './raw-commands.js';
import { serverCode, serverCodes } from './server-code.js';

/** A collection with all that is told of it before its documents. */
export interface DescribedCollection extends ListedCollection {
  readonly metadata: string;
  /** BSON bytes by the server's statistics; 0 when it tells none. */
  readonly estimatedBytes: number;
}

const atOnce = 4;
/** Above this many, asking for the size of each costs more than a good order brings. */
const mostSizes = 1000;
/** From here on the raw buckets of a time series are read under its own name (facts of the archive format, 1.3). */
const rawDataSince = [8, 3] as const;

/** Asks for indexes and sizes. One that was dropped since it was listed is left out, with a warning. */
export async function describeCollections(
  look: Look,
  listed: readonly ListedCollection[],
  warnings: string[],
): Promise<DescribedCollection[]> {
  const described: DescribedCollection[] = [];
  const askSizes = listed.length <= mostSizes;
  await forEachFew(listed, atOnce, async (collection) => {
    const indexes = await indexesOf(look, collection);
    if (indexes === null) {
      warnings.push(`${printableName(collection)} was dropped while the backup began: it is not in it`);
      return;
    }
    const { options, uuid, name, type } = collection;
    const metadata = encodeMetadata({ options, indexes, uuid, collectionName: name, type });
    const estimatedBytes = askSizes && type !== 'view' ? await sizeOf(look, collection) : 0;
    described.push({ ...collection, metadata, estimatedBytes });
  });
  return described.sort((a, b) => compare(a.db, b.db) || compare(a.name, b.name));
}

async function indexesOf(
  { connection, session }: Look,
  { db, name, type }: ListedCollection,
): Promise<string[] | null> {
  if (type === 'view') return [];
  try {
    const documents = await listDocuments(connection.db(db), { listIndexes: name }, session);
    return documents.map(bsonToCanonicalJson);
  } catch (error) {
    if (serverCode(error) === serverCodes.namespaceNotFound) return null;
    throw error;
  }
}

/** A guess that plans the order; an error of the server (rights, an old server) means no guess. */
export async function sizeOf({ connection, session }: Look, { db, name }: ListedCollection): Promise<number> {
  try {
    const stats = await connection.db(db).command({ collStats: name }, { session });
    return Number(stats['size']) || 0;
  } catch (error) {
    if (serverCode(error) === undefined) throw error;
    return 0;
  }
}

/** Where the documents of a collection lie, on this server and in the archive. */
export function dataCollection(
  { name, type }: ListedCollection,
  [major, minor]: readonly [number, number],
): { readonly collection: string; readonly rawData: boolean } {
  if (type !== 'timeseries') return { collection: name, rawData: false };
  const rawData = major > rawDataSince[0] || (major === rawDataSince[0] && minor >= rawDataSince[1]);
  return { collection: rawData ? name : `system.buckets.${name}`, rawData };
}

export function printableName({ db, name }: { readonly db: string; readonly name: string }): string {
  return nameOf({ db, collection: name });
}

export function preludeEntry({ db, name, metadata, type }: DescribedCollection): PreludeCollection {
  return { db, collection: name, metadata, type };
}
