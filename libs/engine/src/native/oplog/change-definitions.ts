import { BSON } from 'mongodb';
import { planIndexes } from '../load/collection-spec.js';
import type { LoadEntry } from '../load/load-entry.js';
import type { BsonMap } from '../load/raw-bson.js';
import { isIdIndex } from '../load/target-state.js';

// Indexes are built after the replay: until then a change of one is a change of what will be built.

/** Names of options in `collMod` that are called otherwise where a collection is listed. */
const listedAs: Readonly<Record<string, string>> = { cappedSize: 'size', cappedMax: 'max' };
const ofIndexes = ['expireAfterSeconds', 'hidden', 'unique', 'prepareUnique'];

/** One of the same name is replaced. */
export function addIndexes(entry: LoadEntry, added: readonly BsonMap[]): void {
  const names = new Set(added.map((index) => index.get('name')));
  setIndexes(entry, [...entry.spec.indexes.filter((index) => !names.has(index.get('name'))), ...added]);
}

export function removeIndex(entry: LoadEntry, name: string): void {
  const isRemoved = (index: BsonMap) => (name === '*' ? !isIdIndex(index) : index.get('name') === name);
  setIndexes(
    entry,
    entry.spec.indexes.filter((index) => !isRemoved(index)),
  );
}

/** False: there is no such index. */
export function changeIndex(entry: LoadEntry, change: BsonMap): boolean {
  const at = entry.spec.indexes.findIndex((index) => isMeant(index, change));
  const index = entry.spec.indexes[at];
  if (index === undefined) return false;
  const changed = new Map(index);
  for (const option of ofIndexes) if (change.has(option)) changed.set(option, change.get(option));
  setIndexes(entry, entry.spec.indexes.with(at, changed));
  return true;
}

export function changeOptions(entry: LoadEntry, change: BsonMap): void {
  const options = new Map(entry.spec.options);
  for (const [option, value] of change) options.set(listedAs[option] ?? option, value);
  entry.spec = { ...entry.spec, options };
}

/** Made anew: nothing of its former definition stays. */
export function startAnew(entry: LoadEntry, options: BsonMap): void {
  entry.spec = { options, indexes: [] };
  entry.indexes = planIndexes(entry.spec);
  entry.capped = options.get('capped') === true;
  entry.notKept.length = 0;
}

function setIndexes(entry: LoadEntry, indexes: readonly BsonMap[]): void {
  entry.spec = { ...entry.spec, indexes };
  entry.indexes = planIndexes(entry.spec);
}

function isMeant(index: BsonMap, change: BsonMap): boolean {
  if (change.has('name')) return index.get('name') === change.get('name');
  const [key, pattern] = [index.get('key'), change.get('keyPattern')];
  if (!(key instanceof Map) || !(pattern instanceof Map)) return false;
  return Buffer.from(BSON.serialize(key)).equals(BSON.serialize(pattern));
}
