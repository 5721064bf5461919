import { describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import { describeId, LeftOut, leftOutLines, listingRoom } from './left-out.js';
import { rawId, type RawField } from './raw-bson.js';

const idOf = (value: unknown): RawField => {
  const id = rawId(BSON.serialize({ _id: value }));
  if (!id) throw new Error('no _id');
  return id;
};

describe('documents that were left out', () => {
  it('are told by their _id, in words', () => {
    expect(leftOutLines(new LeftOut())).toEqual([]);
    const leftOut = new LeftOut();
    leftOut.earlier(idOf(7));
    leftOut.taken(idOf('b'), 'mail_1 {"mail":1}');
    expect(leftOutLines(leftOut)).toEqual([
      '2 documents were left out for later ones (keep-last)',
      '_id 7: the earlier of two documents with it',
      '_id "b": a later document has its value of the unique index mail_1 {"mail":1}',
    ]);
  });

  it('are counted without an end, and listed while the restore has room for lines', () => {
    const room = listingRoom();
    const [first, second] = [new LeftOut(room), new LeftOut(room)];
    for (let n = 0; n < 9_990; n += 1) first.earlier(idOf(n));
    for (let n = 0; n < 1_000; n += 1) second.earlier(idOf(n));
    expect(leftOutLines(first)).toHaveLength(9_991);
    const lines = leftOutLines(second);
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([
      12,
      '1000 documents were left out for later ones (keep-last)',
      'and 990 more',
    ]);
  });

  it('have an _id of any kind and length', () => {
    expect(describeId(idOf(new BSON.ObjectId('0123456789abcdef01234567')))).toBe('{"$oid":"0123456789abcdef01234567"}');
    expect(describeId(idOf({ a: 1, b: '\u202e' }))).toBe('{"a":1,"b":"\\u{202e}"}');
    expect(describeId(idOf('x'.repeat(500)))).toHaveLength(81);
    expect(describeId({ kind: 99, name: '_id', value: Buffer.from([1]) })).toBe('(BSON type 99)');
  });
});
