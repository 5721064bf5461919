import { describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import fc from 'fast-check';
import { checkBson } from './check-bson.js';

const every = BSON.serialize({
  double: 1.5,
  text: 'grüezi',
  document: { deep: { deeper: [1, 'two', { three: null }] } },
  binary: Buffer.from('bytes'),
  id: new BSON.ObjectId(),
  yes: true,
  date: new Date(0),
  nothing: null,
  pattern: /a.b/i,
  code: new BSON.Code('f()'),
  scoped: new BSON.Code('f()', { x: 1 }),
  symbol: new BSON.BSONSymbol('s'),
  int: 7,
  stamp: new BSON.Timestamp({ t: 1, i: 2 }),
  long: BSON.Long.fromString('9007199254740993'),
  decimal: BSON.Decimal128.fromString('1.10'),
  least: new BSON.MinKey(),
  most: new BSON.MaxKey(),
});
const bytes = Buffer.from(every);
const check = (document: Uint8Array) => checkBson(Buffer.from(document), 0, document.length);

describe('a BSON document', () => {
  it('of every type is one, wherever it stands', () => {
    expect(() => checkBson(bytes, 0, bytes.length)).not.toThrow();
    expect(() => checkBson(Buffer.concat([Buffer.alloc(9), bytes, bytes]), 9, 9 + bytes.length)).not.toThrow();
    expect(() => check(BSON.serialize({}))).not.toThrow();
  });

  it('is none when it is cut anywhere, or longer than it says', () => {
    for (let length = 0; length < bytes.length; length += 1) expect(() => check(bytes.subarray(0, length))).toThrow();
    expect(() => check(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow('wrong length');
  });

  it.each([
    ['an unknown type', Buffer.from([9, 0, 0, 0, 0x42, 0x61, 0, 1, 0]), 'unknown type 66'],
    ['a negative length', Buffer.from([12, 0, 0, 0, 0x02, 0x61, 0, 0xff, 0xff, 0xff, 0xff, 0]), 'cannot be -1'],
    ['a length beyond its end', Buffer.from([13, 0, 0, 0, 0x02, 0x61, 0, 99, 0, 0, 0, 0, 0]), 'longer than'],
    ['a name without end', Buffer.from([7, 0, 0, 0, 0x0a, 0x61, 0x62]), 'wrong length'],
  ])('is none with %s', (_name, document, reason) => {
    expect(() => check(document)).toThrow(reason);
  });

  it('is none when it is nested without bound', () => {
    let nested: Record<string, unknown> = {};
    for (let depth = 0; depth < 250; depth += 1) nested = { n: nested };
    expect(() => check(BSON.serialize(nested))).toThrow('nested too deeply');
  });

  it('throws an Error, never anything else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        try {
          check(changed);
        } catch (error) {
          expect((error as Error).message).toMatch(/^(a|what) /);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
