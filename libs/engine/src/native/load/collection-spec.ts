import type { Document } from 'mongodb';
import type { BsonMap } from './raw-bson.js';
import { isIdIndex } from './target-state.js';

/** What the archive's metadata says of a namespace. */
export interface CollectionSpec {
  readonly options: BsonMap;
  /** As listIndexes gave them. */
  readonly indexes: readonly BsonMap[];
}

/** Options that describe the source's storage and not the collection: no server takes them on `create` again. */
const notForCreate = new Set(['autoIndexId', 'recordIdsReplicated', 'uuid']);

export function isCapped(spec: CollectionSpec): boolean {
  return spec.options.get('capped') === true;
}

/** The `create` command, with every option of the metadata. Options that the server does not know make it refuse, by name: nothing is left out here. */
export function createCommand(name: string, spec: CollectionSpec): Document {
  const command: Document = { create: name };
  for (const [option, value] of spec.options) if (!notForCreate.has(option)) command[option] = value;
  const idIndex = spec.indexes.find(isIdIndex);
  // The _id index can only be described here. One without a collation is what the server makes anyway, and a clustered collection has none.
  if (idIndex?.has('collation') === true && !spec.options.has('clusteredIndex') && !spec.options.has('timeseries'))
    command['idIndex'] = indexDefinition(idIndex);
  return command;
}

/** Beside the one on `_id`. */
export function hasUniqueIndex({ indexes }: CollectionSpec): boolean {
  return indexes.some((index) => !isIdIndex(index) && index.get('unique') === true);
}

export interface IndexPlan {
  /** Built before the renames, all of a collection in one command. */
  readonly early: readonly BsonMap[];
  /** Built after the renames: the server's monitor deletes by a TTL index within a minute. */
  readonly late: readonly BsonMap[];
}

export function planIndexes(spec: CollectionSpec): IndexPlan {
  const own = spec.indexes.filter((index) => !isIdIndex(index)).map(indexDefinition);
  const expires = (index: BsonMap) => index.has('expireAfterSeconds');
  return { early: own.filter((index) => !expires(index)), late: own.filter(expires) };
}

/** A TTL index that is also unique can fail on the data: it is proven early in this form, then dropped, because late is too late to fail. */
export function withoutExpiry(index: BsonMap): BsonMap {
  return new Map([...index].filter(([option]) => option !== 'expireAfterSeconds'));
}

/** The definition as createIndexes takes it. */
export function indexDefinition(listed: BsonMap): BsonMap {
  const definition = new Map(listed);
  // Listed by servers up to 4.2, refused by some others.
  definition.delete('ns');
  const collation = definition.get('collation');
  // Listed by newer servers for every index; refused together with v: 1, and the default without it.
  if (Number(definition.get('v')) === 1 && collation instanceof Map && collation.get('locale') === 'simple')
    definition.delete('collation');
  const engine = definition.get('storageEngine');
  if (engine instanceof Map && engine.has('enableOrderedIndex')) {
    // FerretDB on DocumentDB adds it to every index by itself; MongoDB refuses it as no storage engine of its own.
    const rest = new Map([...(engine as BsonMap)].filter(([option]) => option !== 'enableOrderedIndex'));
    if (rest.size > 0) definition.set('storageEngine', rest);
    else definition.delete('storageEngine');
  }
  return definition;
}
