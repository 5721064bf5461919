import { BSON } from 'mongodb';
import sift from 'sift';
import { AppError, messageOf } from '#contracts';
import { compareValues, equalValues } from './compare-values.js';

// Its build for Node is CommonJS whose names Node cannot see from outside.
const { $all, $and, $elemMatch, $exists, $nor, $not, $or, $size, createQueryTester, EqualsOperation } = sift;

/** Whether a raw document fits. */
export type DocumentQuery = (document: Buffer) => boolean;

type Options = ConstructorParameters<typeof EqualsOperation>[2];
type Test = (value: unknown) => boolean;

/** Fits when one of the values at the path does. */
const some =
  (test: (value: unknown, operand: unknown) => boolean) =>
  (operand: unknown, owner: unknown, options: Options, name: string) =>
    new EqualsOperation<Test>((value) => test(value, operand), owner, options, name);

/** Fits when none of the values at the path does. */
class NoneFits extends EqualsOperation<Test> {
  override reset(): void {
    super.reset();
    this.keep = true;
  }

  override next(item: unknown, key: string | number, parent: unknown): void {
    // The walker looks for `a.b` on the array `a` itself, too, where nothing can be.
    if (Array.isArray(parent) && !Object.hasOwn(parent, key)) return;
    if (!this.params(item)) return;
    this.done = true;
    this.keep = false;
  }
}

const none =
  (test: (value: unknown, operand: unknown) => boolean) =>
  (operand: unknown, owner: unknown, options: Options, name: string) =>
    new NoneFits((value) => test(value, operand), owner, options, name);

const ordered =
  (fits: (order: number) => boolean) =>
  (value: unknown, operand: unknown): boolean => {
    const order = compareValues(value, operand);
    return order !== undefined && fits(order);
  };
const isOneOf = (value: unknown, operand: unknown): boolean =>
  Array.isArray(operand) && operand.some((one) => equalValues(value, one));

/** Comparisons are ours, by BSON type; paths, arrays and logic are sift's. `$where`, and whatever else would run code, is not among them. */
const operations: Options['operations'] = {
  ...{ $and, $or, $nor, $not, $exists, $elemMatch, $size, $all },
  $eq: some(equalValues),
  $ne: none(equalValues),
  $in: some(isOneOf),
  $nin: none(isOneOf),
  $gt: some(ordered((order) => order > 0)),
  $gte: some(ordered((order) => order >= 0)),
  $lt: some(ordered((order) => order < 0)),
  $lte: some(ordered((order) => order <= 0)),
};
const ofDocuments = new Set(['$and', '$or', '$nor']);

/**
 * A query as `find` takes it, in Extended JSON: equality, `$eq $ne $gt $gte $lt $lte $in $nin $exists $regex $size $all $elemMatch $not`, `$and $or $nor`, and
 * paths with dots. Throws `cli/bad-arguments` for anything else: a query that is half understood finds the wrong documents.
 */
export function compileQuery(text: string): DocumentQuery {
  try {
    const query: unknown = BSON.EJSON.parse(text, { useBigInt64: true });
    if (!isPlain(query)) throw new Error('it is no object');
    const tester = createQueryTester<unknown>(explicit(query), { operations, compare: equalValues });
    return (document) => tester(BSON.deserialize(document, { bsonRegExp: true, validation: { utf8: false } }));
  } catch (error) {
    throw badQuery(messageOf(error), error);
  }
}

/** With every equality spelt out, so that it is an operator of ours. */
function explicit(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(query)) {
    if (ofDocuments.has(name)) out[name] = queriesOf(name, value).map(explicit);
    else if (name.startsWith('$')) throw new Error(`${name} is not supported here`);
    else out[name] = conditions(value);
  }
  return out;
}

function conditions(given: unknown): Record<string, unknown> {
  if (!isOperators(given)) return { $eq: given };
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, condition(name, value)]));
}

function condition(name: string, value: unknown): unknown {
  if (ofDocuments.has(name) || !Object.hasOwn(operations, name)) throw new Error(`${name} is not supported here`);
  if (name === '$not') return conditions(value);
  if (name === '$in' || name === '$nin') return listOf(name, value);
  if (name === '$all') return listOf(name, value).map((one) => conditions(one));
  if (name !== '$elemMatch') return value;
  if (!isPlain(value)) throw new Error('$elemMatch takes a query');
  return isOperators(value) ? conditions(value) : explicit(value);
}

function queriesOf(name: string, value: unknown): Record<string, unknown>[] {
  const queries = listOf(name, value);
  if (queries.length > 0 && queries.every(isPlain)) return queries;
  throw new Error(`${name} takes a list of queries`);
}

function listOf(name: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${name} takes a list`);
}

function isOperators(value: unknown): value is Record<string, unknown> {
  return isPlain(value) && Object.keys(value).some((name) => name.startsWith('$'));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && value.constructor === Object;
}

function badQuery(why: string, cause: unknown): AppError {
  return new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message: `The query cannot be used: ${why}`,
    hint: 'Write it as find takes it, in Extended JSON: \'{"_id": {"$oid": "…"}}\', \'{"visits": {"$gt": 5}}\'',
    cause,
  });
}
