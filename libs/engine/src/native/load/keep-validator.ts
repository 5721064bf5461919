import type { Db } from 'mongodb';
import { optionsNotKept } from './compare-definitions.js';
import type { LoadEntry } from './load-entry.js';
import type { BsonMap } from './raw-bson.js';
import { isDefinitionRefusal } from './target-errors.js';
import { listCollections } from './target-state.js';

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

/** Tries it again, and notes what the server keeps now. */
export async function retryValidator(db: Db, entry: LoadEntry): Promise<void> {
  if (!entry.notKept.includes('validator')) return;
  await keepValidator(db, entry.plan.temporary, entry.spec.options);
  const kept = (await listCollections(db)).get(entry.plan.temporary)?.options ?? new Map<string, unknown>();
  entry.notKept.splice(0, entry.notKept.length, ...optionsNotKept(entry.spec.options, kept));
}
