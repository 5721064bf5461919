import type { Db, MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import { withoutExpiry } from './collection-spec.js';
import { indexesNotKept, optionsNotKept } from './compare-definitions.js';
import type { LoadEntry } from './load-entry.js';
import { nameOf } from './names.js';
import type { BsonMap } from './raw-bson.js';
import { reason } from './server-reason.js';
import { forEachFew, isDefinitionRefusal } from './target-errors.js';
import { listCollections, listIndexes } from './target-state.js';

const atOnce = 2;
const unknownIndexOption = 197;

/**
 * Builds all indexes but TTL ones on the temporary collections, puts validators right, and reads back what the server kept.
 * Throws `restore/failed` when the data does not fit an index: nothing of the target has changed then.
 */
export async function buildIndexes(
  client: MongoClient,
  entries: readonly LoadEntry[],
  signal: AbortSignal,
): Promise<void> {
  const collections = entries.filter((entry) => entry.plan.kind === 'collection');
  await setValidators(client, collections);
  await forEachFew(collections, atOnce, async (entry) => {
    signal.throwIfAborted();
    const { early, late } = entry.indexes;
    const db = client.db(entry.plan.db);
    await createIndexes(db, entry.plan.temporary, entry, early, signal);
    await proveLate(db, entry, late, signal);
    const kept = await listIndexes(db, entry.plan.temporary);
    entry.notKept.push(...indexesNotKept(early, kept));
    entry.indexCount = kept.length;
  });
}

async function createIndexes(
  db: Db,
  collection: string,
  entry: Pick<LoadEntry, 'plan'>,
  indexes: readonly BsonMap[],
  signal?: AbortSignal,
): Promise<void> {
  if (indexes.length === 0) return;
  try {
    await sendCreateIndexes(db, collection, indexes, signal);
  } catch (error) {
    if (!isDefinitionRefusal(error)) throw error;
    const namespace = nameOf({ db: entry.plan.db, collection: entry.plan.final });
    throw new AppError({
      code: 'restore/failed',
      stage: 'index',
      message: `The target could not build the indexes of ${namespace} (${indexes.map((index) => String(index.get('name'))).join(', ')}): ${reason(entry.plan, error.message)}`,
      hint: 'The target was left as it was. A unique index fails when the data holds a value twice; other indexes when the target does not know their kind',
      cause: error,
      details: { namespace, serverCode: error.code },
    });
  }
}

/** One command for all of a collection: the server scans the documents once. */
export async function sendCreateIndexes(
  db: Db,
  collection: string,
  indexes: readonly BsonMap[],
  signal?: AbortSignal,
): Promise<void> {
  const command = { createIndexes: collection, indexes, writeConcern: { w: 'majority' } };
  const options = signal ? { signal } : {};
  try {
    await db.command(command, options);
  } catch (error) {
    if (!isDefinitionRefusal(error) || error.code !== unknownIndexOption) throw error;
    // Definitions from old servers carry options that no server knows any more. What is ignored shows when the index is read back.
    await db.command({ ...command, ignoreUnknownIndexOptions: true }, options);
  }
}

/** A TTL index that is also unique may fail on the data, and must not do so after the renames. */
async function proveLate(db: Db, entry: LoadEntry, late: readonly BsonMap[], signal: AbortSignal): Promise<void> {
  const doubtful = late.filter((index) => index.get('unique') === true).map(withoutExpiry);
  await createIndexes(db, entry.plan.temporary, entry, doubtful, signal);
  for (const index of doubtful) {
    await db.command({
      dropIndexes: entry.plan.temporary,
      index: index.get('name'),
      writeConcern: { w: 'majority' },
    });
  }
}

const validatorOptions = ['validator', 'validationLevel', 'validationAction'];

/** Servers that ignore a validator on `create` may take it through `collMod`: tried once, after the documents, which need not fit it. */
export async function keepValidator(db: Db, collection: string, options: BsonMap): Promise<void> {
  const given = validatorOptions.filter((name) => options.has(name));
  if (!given.includes('validator')) return;
  const kept = (await listCollections(db)).get(collection)?.options ?? new Map<string, unknown>();
  if (!optionsNotKept(options, kept).includes('validator')) return;
  const values = Object.fromEntries(given.map((name) => [name, options.get(name)]));
  try {
    await db.command({ collMod: collection, ...values, writeConcern: { w: 'majority' } });
  } catch (error) {
    if (!isDefinitionRefusal(error)) throw error;
  }
}

async function setValidators(client: MongoClient, entries: readonly LoadEntry[]): Promise<void> {
  for (const entry of entries.filter(({ notKept }) => notKept.includes('validator'))) {
    const db = client.db(entry.plan.db);
    await keepValidator(db, entry.plan.temporary, entry.spec.options);
    const kept = (await listCollections(db)).get(entry.plan.temporary)?.options ?? new Map<string, unknown>();
    entry.notKept.splice(0, entry.notKept.length, ...optionsNotKept(entry.spec.options, kept));
  }
}
