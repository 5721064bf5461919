import { createHash } from 'node:crypto';
import { BSON, MongoClient, type Db, type Document } from 'mongodb';

export interface DatabaseAddress {
  readonly uri: string;
  readonly db: string;
}

export interface Comparison {
  /** In words; empty when all is equal. */
  readonly differences: readonly string[];
  /** Counts of the first database. */
  readonly collections: number;
  readonly documents: number;
  readonly indexes: number;
}

export interface CompareOptions {
  /** Fields of index definitions that may differ; servers add their own (services.md). */
  readonly ignoredIndexFields?: readonly string[];
}

const shownIds = 3;

/**
 * Compares two databases: collections with type and options, indexes, and every document by its raw bytes, whatever the order.
 * Knows nothing of the product: it reads with the driver alone.
 */
export async function compareDatabases(
  left: DatabaseAddress,
  right: DatabaseAddress,
  options: CompareOptions = {},
): Promise<Comparison> {
  const ignored = options.ignoredIndexFields ?? ['v', 'ns', 'storageEngine'];
  const clients = await Promise.all([MongoClient.connect(left.uri), MongoClient.connect(right.uri)]);
  try {
    return await compare(clients[0].db(left.db), clients[1].db(right.db), ignored);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

async function compare(left: Db, right: Db, ignored: readonly string[]): Promise<Comparison> {
  const differences: string[] = [];
  const [here, there] = await Promise.all([describeCollections(left, ignored), describeCollections(right, ignored)]);
  let documents = 0;
  let indexes = 0;
  for (const name of new Set([...here.keys(), ...there.keys()])) {
    const [a, b] = [here.get(name), there.get(name)];
    if (!a || !b) {
      differences.push(`${name}: only in ${a ? left.databaseName : right.databaseName}`);
      continue;
    }
    indexes += a.indexes.size;
    if (a.description !== b.description) differences.push(`${name}: ${a.description} became ${b.description}`);
    for (const index of new Set([...a.indexes.keys(), ...b.indexes.keys()])) {
      const [one, other] = [a.indexes.get(index) ?? 'missing', b.indexes.get(index) ?? 'missing'];
      if (one !== other) differences.push(`${name}: index ${index}: ${one} became ${other}`);
    }
    const result = await compareDocuments(left, right, name);
    documents += result.documents;
    differences.push(...result.differences.map((text) => `${name}: ${text}`));
  }
  return { differences, collections: here.size, documents, indexes };
}

interface Described {
  readonly description: string;
  readonly indexes: ReadonlyMap<string, string>;
}

async function describeCollections(db: Db, ignored: readonly string[]): Promise<Map<string, Described>> {
  const described = new Map<string, Described>();
  for (const { name, type, options } of await db.listCollections({}, { nameOnly: false }).toArray()) {
    const indexes = type === 'collection' ? await db.collection(name).indexes() : [];
    const definitions = indexes.map((index: Document): [string, string] => {
      const fields = Object.entries(index).filter(([field]) => !ignored.includes(field));
      return [String(index['name']), JSON.stringify(fields.sort(([a], [b]) => (a < b ? -1 : 1)))];
    });
    described.set(name, {
      description: `${type ?? 'collection'} ${BSON.EJSON.stringify(options ?? {}, { relaxed: false })}`,
      indexes: new Map(definitions),
    });
  }
  return described;
}

async function compareDocuments(
  left: Db,
  right: Db,
  name: string,
): Promise<{ documents: number; differences: string[] }> {
  const [a, b] = await Promise.all([countHashes(left, name), countHashes(right, name)]);
  const total = [...a.values()].reduce((sum, count) => sum + count, 0);
  const differences: string[] = [];
  for (const [db, own, other] of [[left, a, b] as const, [right, b, a] as const]) {
    const only = new Set([...own].filter(([hash, count]) => (other.get(hash) ?? 0) < count).map(([hash]) => hash));
    if (only.size > 0)
      differences.push(`${only.size} documents only in ${db.databaseName}: ${await idsOf(db, name, only)}`);
  }
  return { documents: total, differences };
}

/** How often each document's bytes occur. */
async function countHashes(db: Db, name: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for await (const bytes of rawDocuments(db, name)) {
    const hash = hashOf(bytes);
    counts.set(hash, (counts.get(hash) ?? 0) + 1);
  }
  return counts;
}

/** The _ids of the first few documents with these hashes, so that a difference can be looked up. */
async function idsOf(db: Db, name: string, hashes: ReadonlySet<string>): Promise<string> {
  const ids: string[] = [];
  for await (const bytes of rawDocuments(db, name)) {
    if (!hashes.has(hashOf(bytes))) continue;
    ids.push(BSON.EJSON.stringify(BSON.deserialize(bytes, { validation: { utf8: false } })['_id'], { relaxed: false }));
    if (ids.length === shownIds) break;
  }
  return `_id ${ids.join(', ')}${hashes.size > ids.length ? ' …' : ''}`;
}

async function* rawDocuments(db: Db, name: string): AsyncGenerator<Buffer> {
  for await (const document of db.collection(name).find({}, { raw: true, batchSize: 500 })) {
    if (!(document instanceof Uint8Array)) throw new TypeError('The driver did not return raw bytes');
    yield Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}
