import { BSON } from 'mongodb';

const { Binary, BSONRegExp, Decimal128, Double, EJSON, Int32, Long, ObjectId, Timestamp } = BSON;

/** Negative, 0, positive; undefined where the two are of kinds that the server does not compare with each other either. */
export function compareValues(value: unknown, operand: unknown): number | undefined {
  const [left, right] = [sortable(value), sortable(operand)];
  if (left === undefined || left.kind !== right?.kind) return undefined;
  if (left.key < right.key) return -1;
  if (left.key > right.key) return 1;
  // Numbers and big integers are equal by value; NaN is neither less nor greater, and fits only itself.
  if (Number.isNaN(left.key) || Number.isNaN(right.key)) return Object.is(left.key, right.key) ? 0 : undefined;
  return 0;
}

/** As the server sees equality: numbers by value whatever their type, nothing equals null, a regular expression fits the texts that it finds. */
export function equalValues(value: unknown, operand: unknown): boolean {
  if (operand instanceof BSONRegExp && typeof value === 'string')
    return new RegExp(operand.pattern, operand.options.replaceAll(/[^ims]/g, '')).test(value);
  const order = compareValues(value, operand);
  if (order !== undefined) return order === 0;
  if (sortable(value) !== undefined || sortable(operand) !== undefined) return false;
  // Documents, arrays and rarer types: the same fields in the same order.
  return EJSON.stringify(value, { relaxed: true }) === EJSON.stringify(operand, { relaxed: true });
}

interface Sortable {
  readonly kind: string;
  readonly key: string | number | bigint;
}

function sortable(value: unknown): Sortable | undefined {
  if (value === null || value === undefined) return { kind: 'null', key: 0 };
  if (typeof value === 'number' || typeof value === 'bigint') return { kind: 'number', key: value };
  if (typeof value === 'string') return { kind: 'string', key: value };
  if (typeof value === 'boolean') return { kind: 'boolean', key: Number(value) };
  if (value instanceof Date) return { kind: 'date', key: value.getTime() };
  if (value instanceof ObjectId) return { kind: 'id', key: value.toHexString() };
  if (value instanceof Timestamp) return { kind: 'timestamp', key: value.toBigInt() };
  if (value instanceof Long) return { kind: 'number', key: value.toBigInt() };
  if (value instanceof Int32 || value instanceof Double) return { kind: 'number', key: value.valueOf() };
  if (value instanceof Decimal128) return { kind: 'number', key: Number(value.toString()) };
  if (value instanceof Binary) return { kind: 'binary', key: `${value.sub_type}/${value.toString('hex')}` };
  return undefined;
}
