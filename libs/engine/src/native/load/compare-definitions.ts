import { BSON } from 'mongodb';
import { printable } from './names.js';
import type { BsonMap } from './raw-bson.js';

// What a server kept of the options and indexes it was given. Servers add defaults to what they list (facts: archive-format 1.2, services.md):
// everything the archive says must be there, what is there beyond it is the server's own.

/** Options that say nothing about how a collection behaves. */
const ignoredOptions = new Set(['autoIndexId', 'recordIdsReplicated', 'uuid', 'flags']);
const ignoredIndexFields = new Set([
  'v',
  'ns',
  'background',
  'storageEngine',
  'textIndexVersion',
  '2dsphereIndexVersion',
]);
/** Values that mean the same as the field's absence. */
const defaults: Readonly<Record<string, unknown>> = {
  unique: false,
  sparse: false,
  hidden: false,
  capped: false,
  prepareUnique: false,
  validationLevel: 'strict',
  validationAction: 'error',
  default_language: 'english',
  language_override: 'language',
};
/** Documents whose order of fields has a meaning, or that are a query. */
const exactFields = new Set(['key', 'pipeline', 'validator', 'partialFilterExpression']);

/** The names of the options that the server did not keep. */
export function optionsNotKept(archived: BsonMap, kept: BsonMap): string[] {
  return fieldsNotKept(archived, kept, ignoredOptions);
}

/** What the server did not keep of the indexes, in words; compared by name. */
export function indexesNotKept(archived: readonly BsonMap[], kept: readonly BsonMap[]): string[] {
  return compareIndexes(archived, kept).map(({ what }) => what);
}

export interface IndexDifference {
  readonly what: string;
  /** It is not there at all. */
  readonly isLost: boolean;
}

/** The same, with the indexes that are not there told from those that are other than in the archive. */
export function compareIndexes(archived: readonly BsonMap[], kept: readonly BsonMap[]): IndexDifference[] {
  const byName = new Map(kept.map((index) => [String(index.get('name')), index]));
  return archived.flatMap((index): IndexDifference[] => {
    const name = String(index.get('name'));
    const found = byName.get(name);
    if (!found) return [{ what: `index ${printable(name)}`, isLost: true }];
    const fields = fieldsNotKept(index, found, ignoredIndexFields);
    return fields.length === 0 ? [] : [{ what: `${fields.join(', ')} of index ${printable(name)}`, isLost: false }];
  });
}

function fieldsNotKept(archived: BsonMap, kept: BsonMap, ignored: ReadonlySet<string>): string[] {
  return [...archived]
    .filter(([name, value]) => {
      if (ignored.has(name)) return false;
      if (!kept.has(name)) return !(name in defaults && same(value, defaults[name]));
      return exactFields.has(name) ? !same(value, kept.get(name)) : !covers(kept.get(name), value);
    })
    .map(([name]) => printable(name));
}

/** Every field of `wanted`, at any depth, has its value in `found`. */
function covers(found: unknown, wanted: unknown): boolean {
  if (wanted instanceof Map && found instanceof Map)
    return [...(wanted as BsonMap)].every(([name, value]) => found.has(name) && covers(found.get(name), value));
  return same(found, wanted);
}

/** Equal with the order of fields; numbers by value, because servers list an index key of 1.0 as 1 and back. */
function same(a: unknown, b: unknown): boolean {
  if (a instanceof Map && b instanceof Map) {
    const [left, right] = [[...(a as BsonMap)], [...(b as BsonMap)]];
    return (
      left.length === right.length &&
      left.every(([name, value], at) => name === right[at]?.[0] && same(value, right[at][1]))
    );
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => same(item, b[at]));
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return Object.is(x, y) || x === y;
  return (
    x === y && BSON.EJSON.stringify({ v: a }, { relaxed: false }) === BSON.EJSON.stringify({ v: b }, { relaxed: false })
  );
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (value instanceof BSON.Int32 || value instanceof BSON.Double) return value.value;
  if (value instanceof BSON.Long) return value.toNumber();
  return undefined;
}
