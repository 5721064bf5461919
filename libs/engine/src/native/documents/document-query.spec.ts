import { describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import { compileQuery } from './document-query.js';

const { Decimal128, Double, Int32, Long, ObjectId } = BSON;
const id = new ObjectId('65a000000000000000000001');
const document = {
  _id: id,
  name: 'Ann',
  count: new Int32(5),
  whole: new Double(5),
  big: Long.fromString('9007199254740993'),
  price: Decimal128.fromString('12.50'),
  at: new Date('2026-11-23T00:00:00.000Z'),
  tags: ['a', 'b'],
  visits: [
    { kind: 'x', n: 1 },
    { kind: 'y', n: 2 },
  ],
  inner: { a: 1, b: 'two' },
  nothing: null,
  yes: true,
};
const raw = Buffer.from(BSON.serialize(document));
const fits = (query: object | string): boolean =>
  compileQuery(typeof query === 'string' ? query : JSON.stringify(query))(raw);

describe('queries', () => {
  it.each([
    {},
    { _id: { $oid: id.toHexString() } },
    { name: 'Ann' },
    { name: { $eq: 'Ann' } },
    { name: { $regex: '^a', $options: 'i' } },
    { count: 5 },
    { whole: 5 },
    { count: { $numberLong: '5' } },
    { count: { $gt: 4.5, $lt: 6 } },
    { big: { $gt: 9_007_199_254_740_991 } },
    { big: { $numberLong: '9007199254740993' } },
    { price: { $gte: 12.5, $lte: 12.5 } },
    { at: { $date: '2026-11-23T00:00:00Z' } },
    { at: { $gte: { $date: '2026-11-22T00:00:00Z' } } },
    { tags: 'a' },
    { tags: ['a', 'b'] },
    { tags: { $all: ['b', 'a'] } },
    { tags: { $size: 2 } },
    { tags: { $in: ['z', 'b'] } },
    { tags: { $nin: ['z'] } },
    { 'visits.kind': 'y' },
    { 'visits.n': { $gt: 1 } },
    { visits: { $elemMatch: { kind: 'x', n: 1 } } },
    { 'inner.b': 'two' },
    { inner: { a: 1, b: 'two' } },
    { nothing: null },
    { missing: null },
    { missing: { $exists: false } },
    { name: { $exists: true, $ne: 'Bob' } },
    { name: { $not: { $regex: '^B' } } },
    { $or: [{ name: 'Bob' }, { count: 5 }] },
    { $and: [{ name: 'Ann' }, { yes: true }] },
    { $nor: [{ name: 'Bob' }] },
    { missing: { $ne: 1 } },
  ])('%j fits', (query) => {
    expect(fits(query)).toBe(true);
  });

  it.each([
    { _id: id.toHexString() },
    { name: 'ann' },
    { count: '5' },
    { count: { $gt: 5 } },
    { count: { $gt: '' } },
    { at: { $gt: 5 } },
    { big: 9_007_199_254_740_992 },
    { tags: 'c' },
    { tags: ['b', 'a'] },
    { tags: { $ne: 'a' } },
    { tags: { $nin: ['a'] } },
    { visits: { $elemMatch: { kind: 'x', n: 2 } } },
    { inner: { b: 'two', a: 1 } },
    { name: null },
    { name: { $exists: false } },
    { name: { $not: { $regex: '^A' } } },
    { yes: 1 },
    { $nor: [{ name: 'Ann' }, { name: 'Bob' }] },
    { missing: { $gt: 0 } },
  ])('%j does not', (query) => {
    expect(fits(query)).toBe(false);
  });

  it.each([
    ['{', /JSON/],
    ['[]', /no object/],
    ['5', /no object/],
    ['{"$where": "true"}', /\$where/],
    ['{"a": {"$where": "true"}}', /\$where/],
    ['{"a": {"$near": 5}}', /\$near/],
    ['{"a": {"$gt": 1, "b": 2}}', /b is not supported/],
    ['{"$and": []}', /list of queries/],
    ['{"a": {"$in": 5}}', /list/],
    ['{"a": {"$elemMatch": 5}}', /\$elemMatch/],
  ])('%s is refused', (query, message) => {
    expect(() => fits(query)).toThrow(expect.objectContaining({ code: 'cli/bad-arguments' }));
    expect(() => fits(query)).toThrow(message);
  });
});
