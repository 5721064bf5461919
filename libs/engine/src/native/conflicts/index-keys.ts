import { hash } from 'node:crypto';
import { BSON } from 'mongodb';
import { elementsOf, type RawField } from '../load/raw-bson.js';

// What a unique index would hold of a document, without a server: values by path, arrays element by element, numbers by value.

const kind = { double: 1, string: 2, object: 3, array: 4, undefined: 6, nothing: 10, symbol: 14 } as const;
const integer = { int32: 16, int64: 18 } as const;
const decimal = 19;

type Value = Pick<RawField, 'kind' | 'value'>;

const missing: Value = { kind: kind.nothing, value: Buffer.alloc(0) };
/** A server keeps an empty array under a key of its own. */
const emptyArray: Value = { kind: kind.undefined, value: Buffer.alloc(0) };

export type Path = readonly string[];

/** The keys of a document, each as two words of a hash; null: nobody can tell without the server. */
export function keysOf(document: Uint8Array, paths: readonly Path[], isCollated: boolean): [number, number][] | null {
  const values = paths.map((path) => valuesAt(document, path));
  if (isCollated && values.flat().some((value) => value.kind === kind.string || value.kind === kind.object))
    return null;
  const many = values.filter((list) => list.length > 1);
  // Arrays side by side: which elements belong together is the server's business.
  if (many.length > 1) return null;
  const keys = new Map<string, [number, number]>();
  for (let at = 0; at < (many[0]?.length ?? 1); at += 1) {
    const parts = values.map((list) => canonical(list.length > 1 ? list[at] : list[0]));
    const digest = hash('sha256', Buffer.concat(parts.flatMap((part) => [lengthOf(part), part])), 'buffer');
    // One document may hold one value twice.
    keys.set(digest.toString('latin1', 0, 8), [digest.readUInt32LE(0), digest.readUInt32LE(4)]);
  }
  return [...keys.values()];
}

/** Whether one of the paths leads somewhere: a sparse index leaves the others out. */
export function hasAny(document: Uint8Array, paths: readonly Path[]): boolean {
  return paths.some((path) => valuesAt(document, path).some((value) => value !== missing));
}

function valuesAt(document: Uint8Array, [first = '', ...rest]: Path): Value[] {
  const field = elementsOf(document).find(({ name }) => name === first);
  return field === undefined ? [missing] : descend(field, rest);
}

function descend(value: Value, rest: Path): Value[] {
  if (value.kind === kind.array) {
    const items = elementsOf(value.value);
    if (items.length === 0) return [rest.length === 0 ? emptyArray : missing];
    if (rest.length === 0) return items;
    return items.flatMap((item) => (item.kind === kind.object ? valuesAt(item.value, rest) : [missing]));
  }
  if (rest.length === 0) return [value];
  return value.kind === kind.object ? valuesAt(value.value, rest) : [missing];
}

/** Equal bytes for what a server takes for equal; numbers inside of documents are compared as they stand. */
function canonical(value: Value = missing): Buffer {
  const bytes = Buffer.from(value.value.buffer, value.value.byteOffset, value.value.byteLength);
  if (value.kind === kind.nothing || (value.kind === kind.undefined && value !== emptyArray))
    return Buffer.from('null');
  const number = numberText(value.kind, bytes);
  if (number !== null) return Buffer.from(`number ${number}`);
  const type = value.kind === kind.symbol ? kind.string : value.kind;
  return Buffer.concat([Buffer.from([type]), bytes]);
}

function numberText(type: number, bytes: Buffer): string | null {
  if (type === integer.int32) return String(bytes.readInt32LE(0));
  if (type === integer.int64) return String(bytes.readBigInt64LE(0));
  if (type === kind.double) {
    const number = bytes.readDoubleLE(0);
    return Number.isInteger(number) ? String(BigInt(number)) : String(number);
  }
  if (type !== decimal) return null;
  const text = new BSON.Decimal128(Buffer.from(bytes)).toString();
  const whole = /^(-?\d+)(?:\.0*)?$/.exec(text)?.[1];
  return whole === undefined ? text.replace(/(\.\d*?)0+$/, '$1') : String(BigInt(whole));
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(part.length);
  return length;
}
