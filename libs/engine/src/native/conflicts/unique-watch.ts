import { BSON } from 'mongodb';
import { IdSet, type IdBudget } from '#archive';
import { compileQuery, type DocumentQuery } from '../documents/document-query.js';
import { printable } from '../load/names.js';
import type { BsonMap } from '../load/raw-bson.js';
import { hasAny, keysOf, type Path } from './index-keys.js';

/** Which of the documents that it is shown break a unique index, in bounded memory. */
export interface UniqueWatch {
  /** Name and pattern, for people. */
  readonly index: string;
  readonly isId: boolean;
  /** True: an earlier document has one of its values. */
  add(document: Buffer): boolean;
  /** Documents of which an earlier one has a value. */
  readonly broken: number;
  /** Documents of which nobody can tell: beyond what is remembered, or only for the server to say. */
  readonly unknown: number;
}

/** Null with the reason: an index that only a server understands. */
export function watchUnique(index: BsonMap, budget: IdBudget): UniqueWatch | { readonly unsupported: string } {
  const name = describeIndex(index);
  const key = index.get('key');
  const fields = key instanceof Map ? [...(key as BsonMap)] : [];
  if (fields.length === 0 || fields.some(([, direction]) => !isDirection(direction)))
    return { unsupported: `${name}: of its kind only the server can tell` };
  const paths: Path[] = fields.map(([field]) => field.split('.'));
  // `a.0` may mean a field or a place in an array.
  if (paths.some(([, ...rest]) => rest.some((part) => /^\d+$/.test(part))))
    return { unsupported: `${name}: it may name places in arrays` };
  let fits: DocumentQuery = () => true;
  const partial = index.get('partialFilterExpression');
  if (partial instanceof Map) {
    try {
      fits = compileQuery(BSON.EJSON.stringify(BSON.deserialize(BSON.serialize(partial)), { relaxed: false }));
    } catch {
      return { unsupported: `${name}: only the server understands which documents it is for` };
    }
  }
  const isSparse = index.get('sparse') === true;
  const applies = (document: Buffer): boolean => fits(document) && (!isSparse || hasAny(document, paths));
  return new Watch(name, paths, isCollated(index), applies, budget);
}

class Watch implements UniqueWatch {
  readonly #seen: IdSet;
  readonly isId: boolean;
  broken = 0;
  unknown = 0;

  constructor(
    readonly index: string,
    private readonly paths: readonly Path[],
    private readonly collated: boolean,
    private readonly applies: (document: Buffer) => boolean,
    budget: IdBudget,
  ) {
    this.#seen = new IdSet(budget);
    this.isId = paths.length === 1 && paths[0]?.join('.') === '_id';
  }

  add(document: Buffer): boolean {
    if (!this.applies(document)) return false;
    const keys = keysOf(document, this.paths, this.collated);
    if (keys === null) {
      this.unknown += 1;
      return false;
    }
    let isThere = false;
    for (const [high, low] of keys) if (this.#seen.add(high, low)) isThere = true;
    if (isThere) this.broken += 1;
    else if (this.#seen.full) this.unknown += 1;
    return isThere;
  }
}

export function describeIndex(index: BsonMap): string {
  const key = index.get('key');
  const keys = key instanceof Map ? BSON.EJSON.stringify(Object.fromEntries(key as BsonMap)) : '';
  return printable(`${String(index.get('name'))} ${keys}`.trim());
}

function isCollated(index: BsonMap): boolean {
  const collation = index.get('collation');
  return collation instanceof Map && collation.get('locale') !== 'simple';
}

function isDirection(value: unknown): boolean {
  return Number.isFinite(Number(value)) && typeof value !== 'string';
}
