import { int32 } from '../bson-bytes.js';
import { textToDecimal } from './decimal128.js';
import { JsonScanner } from './json-scanner.js';

const deepest = 200;

/** Extended JSON (canonical, and relaxed numbers and dates) as a raw BSON document, order kept. Throws an Error with the place of what it cannot read. */
export function canonicalJsonToBson(text: string): Buffer {
  const scanner = new JsonScanner(text);
  const document = readDocument(scanner, 0);
  scanner.end();
  return document;
}

interface Value {
  readonly type: number;
  readonly bytes: Buffer;
}

function readDocument(scanner: JsonScanner, depth: number): Buffer {
  if (depth > deepest) throw scanner.error('nested too deeply');
  const elements: Buffer[] = [];
  scanner.object((name) => elements.push(element(name, readValue(scanner, depth + 1))));
  return finish(elements);
}

function readArray(scanner: JsonScanner, depth: number): Buffer {
  if (depth > deepest) throw scanner.error('nested too deeply');
  const elements: Buffer[] = [];
  scanner.array(() => elements.push(element(String(elements.length), readValue(scanner, depth + 1))));
  return finish(elements);
}

function readValue(scanner: JsonScanner, depth: number): Value {
  switch (scanner.peek()) {
    case '{':
      return readWrapped(scanner) ?? { type: 0x03, bytes: readDocument(scanner, depth) };
    case '[':
      return { type: 0x04, bytes: readArray(scanner, depth) };
    case '"':
      return { type: 0x02, bytes: string(scanner.string()) };
    default:
      return literal(scanner.literal());
  }
}

function literal(text: string): Value {
  if (text === 'null') return { type: 0x0a, bytes: Buffer.alloc(0) };
  if (text === 'true' || text === 'false') return { type: 0x08, bytes: Buffer.from([text === 'true' ? 1 : 0]) };
  const value = Number(text);
  if (/^-?\d+$/.test(text) && value >= -(2 ** 31) && value < 2 ** 31 && !Object.is(value, -0))
    return { type: 0x10, bytes: int32(value) };
  if (/^-?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text))
    return { type: 0x12, bytes: int64(BigInt(text)) };
  return { type: 0x01, bytes: double(value) };
}

const wrappers = new Set([
  '$oid',
  '$numberInt',
  '$numberLong',
  '$numberDouble',
  '$numberDecimal',
  '$date',
  '$binary',
  '$regularExpression',
  '$timestamp',
  '$code',
  '$symbol',
  '$dbPointer',
  '$minKey',
  '$maxKey',
  '$undefined',
  '$uuid',
]);

/** `{"$oid": …}` and its like; undefined (and nothing consumed) when the object is an ordinary document, as `{"$date": …, "more": …}` is. */
function readWrapped(scanner: JsonScanner): Value | undefined {
  const start = scanner.at;
  const [, first = ''] = /^\{\s*"(\$[A-Za-z]+)"\s*:/.exec(scanner.text.slice(start, start + 60)) ?? [];
  if (!wrappers.has(first)) return undefined;
  const fields: [string, string][] = [];
  scanner.object((name) => fields.push([name, scanner.skip()]));
  const value = unwrap(fields);
  if (value === undefined) scanner.at = start;
  return value;
}

function unwrap(fields: readonly [string, string][]): Value | undefined {
  const [[name, raw] = ['', ''], second] = fields;
  if (name === '$code') return code(raw, second);
  if (fields.length !== 1) return undefined;
  const value = JSON.parse(raw) as unknown;
  if (typeof value === 'string') return fromText(name, value);
  if (typeof value === 'object' && value !== null) return fromObject(name, value as Record<string, unknown>);
  if (name === '$minKey') return { type: 0xff, bytes: Buffer.alloc(0) };
  if (name === '$maxKey') return { type: 0x7f, bytes: Buffer.alloc(0) };
  return name === '$undefined' ? { type: 0x06, bytes: Buffer.alloc(0) } : undefined;
}

function fromText(name: string, text: string): Value | undefined {
  switch (name) {
    case '$oid':
      return /^[0-9a-fA-F]{24}$/.test(text) ? { type: 0x07, bytes: Buffer.from(text, 'hex') } : undefined;
    case '$uuid': {
      const hex = text.replaceAll('-', '');
      return /^[0-9a-fA-F]{32}$/.test(hex) ? { type: 0x05, bytes: binary(Buffer.from(hex, 'hex'), 4) } : undefined;
    }
    case '$numberInt':
      return { type: 0x10, bytes: int32(Number(text)) };
    case '$numberLong':
      return { type: 0x12, bytes: int64(BigInt(text)) };
    case '$numberDouble':
      return { type: 0x01, bytes: double(Number(text)) };
    case '$numberDecimal':
      return { type: 0x13, bytes: textToDecimal(text) };
    case '$symbol':
      return { type: 0x0e, bytes: string(text) };
    case '$date': {
      const time = Date.parse(text);
      return Number.isNaN(time) ? undefined : { type: 0x09, bytes: int64(BigInt(time)) };
    }
    default:
      return undefined;
  }
}

function fromObject(name: string, object: Record<string, unknown>): Value | undefined {
  switch (name) {
    case '$date':
      return typeof object['$numberLong'] === 'string'
        ? { type: 0x09, bytes: int64(BigInt(object['$numberLong'])) }
        : undefined;
    case '$binary': {
      const { base64, subType } = object;
      if (typeof base64 !== 'string' || typeof subType !== 'string') return undefined;
      return { type: 0x05, bytes: binary(Buffer.from(base64, 'base64'), Number.parseInt(subType, 16)) };
    }
    case '$regularExpression': {
      const { pattern, options } = object;
      if (typeof pattern !== 'string' || typeof options !== 'string') return undefined;
      return { type: 0x0b, bytes: Buffer.concat([cstring(pattern), cstring(options)]) };
    }
    case '$timestamp': {
      const { t, i } = object;
      if (typeof t !== 'number' || typeof i !== 'number') return undefined;
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32LE(i, 0);
      bytes.writeUInt32LE(t, 4);
      return { type: 0x11, bytes };
    }
    case '$dbPointer': {
      const { $ref, $id } = object;
      const oid = (typeof $id === 'object' && $id !== null ? $id : {}) as Record<string, unknown>;
      if (typeof $ref !== 'string' || typeof oid['$oid'] !== 'string') return undefined;
      return { type: 0x0c, bytes: Buffer.concat([string($ref), Buffer.from(oid['$oid'], 'hex')]) };
    }
    default:
      return undefined;
  }
}

function code(raw: string, second: readonly [string, string] | undefined): Value | undefined {
  const text = JSON.parse(raw) as unknown;
  if (typeof text !== 'string') return undefined;
  if (second === undefined) return { type: 0x0d, bytes: string(text) };
  const [name, scope] = second;
  if (name !== '$scope') return undefined;
  const parts = [string(text), canonicalJsonToBson(scope)];
  return { type: 0x0f, bytes: Buffer.concat([int32(parts.reduce((sum, part) => sum + part.length, 4)), ...parts]) };
}

function element(name: string, { type, bytes }: Value): Buffer {
  return Buffer.concat([Buffer.from([type]), cstring(name), bytes]);
}

function finish(elements: readonly Buffer[]): Buffer {
  const length = elements.reduce((sum, { length: bytes }) => sum + bytes, 5);
  return Buffer.concat([int32(length), ...elements, Buffer.alloc(1)], length);
}

function binary(data: Buffer, subType: number): Buffer {
  // Subtype 2 holds its length once more.
  const inner = subType === 2 ? Buffer.concat([int32(data.length), data]) : data;
  return Buffer.concat([int32(inner.length), Buffer.from([subType]), inner]);
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([int32(bytes.length + 1), bytes, Buffer.alloc(1)]);
}

function cstring(text: string): Buffer {
  if (text.includes('\0')) throw new Error('a name holds a zero byte');
  return Buffer.from(`${text}\0`, 'utf8');
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}
