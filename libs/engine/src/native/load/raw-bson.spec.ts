import { describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import {
  arrayField,
  composeDocument,
  decodeToMap,
  documentField,
  documentsOfRun,
  hasEmptyTimestamp,
  rawId,
} from './raw-bson.js';

describe('decodeToMap', () => {
  it('keeps the order of fields that look like integers, and what follows from it', () => {
    const bytes = BSON.serialize({
      key: new Map([
        ['z', 1],
        ['10', -1],
        ['2', 1],
      ]),
    });
    const key = decodeToMap(bytes).get('key');
    expect([...(key as Map<string, unknown>).keys()]).toEqual(['z', '10', '2']);
    expect(Buffer.from(BSON.serialize(decodeToMap(bytes))).equals(bytes)).toBe(true);
  });

  it('gives every type back byte for byte', () => {
    const bytes = BSON.serialize(
      new Map<string, unknown>([
        ['__proto__', new BSON.Int32(1)],
        ['double', new BSON.Double(1)],
        ['minusZero', new BSON.Double(-0)],
        ['long', BSON.Long.fromNumber(7)],
        ['decimal', BSON.Decimal128.fromString('1.10')],
        ['regex', new BSON.BSONRegExp('a/b', 'ix')],
        ['date', new Date(5)],
        ['binary', new BSON.Binary(Buffer.from([1, 2]), 4)],
        ['id', new BSON.ObjectId()],
        ['timestamp', new BSON.Timestamp(9n)],
        ['min', new BSON.MinKey()],
        ['null', null],
        ['nested', [new Map([['b', true]]), [new BSON.Int32(3)], 'text']],
        ['$ref', 'not a reference'],
      ]),
    );
    expect(Buffer.from(BSON.serialize(decodeToMap(bytes))).equals(bytes)).toBe(true);
  });
});

describe('composeDocument', () => {
  it('puts raw values together to the document that the driver would make', () => {
    const inner = BSON.serialize({ a: 1 });
    const made = composeDocument([documentField('q', inner), arrayField('u', [inner, inner])]);
    expect(made.equals(BSON.serialize({ q: { a: 1 }, u: [{ a: 1 }, { a: 1 }] }))).toBe(true);
  });
});

describe('rawId', () => {
  it('finds the _id wherever it stands, at the top level only', () => {
    const found = rawId(BSON.serialize({ a: { _id: 1 }, _id: 'x' }));
    expect(found && BSON.deserialize(composeDocument([found]))).toEqual({ _id: 'x' });
    expect(rawId(BSON.serialize({ a: { _id: 1 } }))).toBeUndefined();
  });
});

describe('hasEmptyTimestamp', () => {
  const empty = new BSON.Timestamp(0n);
  it.each([
    [{ _id: 1, at: empty }, true],
    [{ _id: empty }, false],
    [{ _id: 1, at: new BSON.Timestamp(1n) }, false],
    [{ _id: 1, inner: { at: empty } }, false],
    [{ _id: 17, text: '\u0011' }, false],
  ])('%j: %s', (document, expected) => {
    expect(hasEmptyTimestamp(BSON.serialize(document))).toBe(expected);
  });
});

describe('documentsOfRun', () => {
  it('cuts a run into its documents', () => {
    const documents = [{ a: 1 }, {}, { text: 'é' }].map((document) => Buffer.from(BSON.serialize(document)));
    expect([...documentsOfRun(Buffer.concat(documents))]).toEqual(documents);
  });
});
