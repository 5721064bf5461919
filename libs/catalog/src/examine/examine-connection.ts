import type { Connection, Schema } from 'mongoose';
import type { Clock } from '#contracts';
import { markerId } from '../schemas/marker.schema.js';
import { modelsOf, schemas } from '../store/models.js';
import type { CatalogExam } from './catalog-exam.js';

/** Looks at a catalogue by a connection that is there, and writes nothing. Errors are the driver's. */
export async function examineConnection(connection: Connection, clock: Clock): Promise<CatalogExam> {
  const models = modelsOf(connection);
  const before = clock.now().getTime();
  const hello = await connection.db?.command({ hello: 1 });
  const middle = (before + clock.now().getTime()) / 2;
  const build = await connection.db?.command({ buildInfo: 1 });
  const localTime: unknown = hello?.['localTime'];
  const version: unknown = build?.['version'];
  return {
    version: typeof version === 'string' ? version : 'unknown',
    database: connection.name,
    isMarked: (await models.Marker.findById(markerId).lean()) !== null,
    missingIndexes: await missingIndexes(connection),
    storeId: (await models.Setting.findOne({ name: 'storeId' }).lean())?.value ?? null,
    skewMs: localTime instanceof Date ? localTime.getTime() - middle : null,
  };
}

/** By their fields and whether they are unique: what else they have, a server may put in its own words. */
async function missingIndexes(connection: Connection): Promise<string[]> {
  const models = modelsOf(connection);
  const looks = Object.entries(schemas).map(async ([name, schema]: [string, Schema]) => {
    const collection = connection.collection(models[name as keyof typeof schemas].collection.name);
    const there = await indexesOf(collection);
    const wanted = schema.indexes().map(([fields, options]) => describe(fields, options.unique === true));
    return wanted.filter((index) => !there.includes(index)).map((index) => `${collection.name}: ${index}`);
  });
  return (await Promise.all(looks)).flat();
}

const namespaceNotFound = 26;

async function indexesOf(collection: ReturnType<Connection['collection']>): Promise<string[]> {
  try {
    const indexes = await collection.indexes();
    return indexes.map(({ key, unique }) => describe(key, unique === true));
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === namespaceNotFound) return [];
    throw error;
  }
}

function describe(fields: object, unique: boolean): string {
  const pairs = Object.entries(fields as Record<string, unknown>).map(([field, order]) => `${field}: ${String(order)}`);
  return `{${pairs.join(', ')}}${unique ? ' unique' : ''}`;
}
