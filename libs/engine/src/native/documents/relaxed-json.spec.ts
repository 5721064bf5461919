import { describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import { bsonToRelaxedJson } from './relaxed-json.js';

const { Binary, Decimal128, Double, Int32, Long, ObjectId } = BSON;
const relaxed = (document: BSON.Document): string => bsonToRelaxedJson(BSON.serialize(document));

describe('relaxed Extended JSON', () => {
  it('is what the official library writes, for values that JSON holds exactly', () => {
    const document = {
      _id: new ObjectId('65a000000000000000000001'),
      int: new Int32(-5),
      long: Long.fromNumber(1_700_000_000_000),
      double: 0.1,
      text: 'a "quoted" {"$numberInt":"5"} text',
      date: new Date('2026-11-23T01:02:03.456Z'),
      whole: new Date('2026-11-23T01:02:03.000Z'),
      before: new Date(-5),
      decimal: Decimal128.fromString('1.10'),
      binary: new Binary(Buffer.from('ab')),
      infinite: new Double(Infinity),
      nested: [{ a: [1, null, true] }],
    };
    const parsed = BSON.EJSON.parse(relaxed(document), { relaxed: false }) as BSON.Document;
    expect(JSON.parse(relaxed(document))).toEqual(JSON.parse(BSON.EJSON.stringify(document, { relaxed: true })));
    expect(parsed['text']).toBe(document.text);
  });

  it('keeps numbers that JSON readers would round, and the order of names', () => {
    expect(relaxed({ b: Long.fromString('9007199254740993'), '2': 1, '1': 2 })).toContain(
      '{"$numberLong":"9007199254740993"}',
    );
    const raw = Buffer.concat([
      Buffer.from([0, 0, 0, 0, 0x10]),
      Buffer.from('2\0'),
      Buffer.from([1, 0, 0, 0, 0x10]),
      Buffer.from('1\0'),
      Buffer.from([2, 0, 0, 0, 0]),
    ]);
    raw.writeInt32LE(raw.length, 0);
    expect(bsonToRelaxedJson(raw)).toBe('{"2":1,"1":2}');
  });
});
