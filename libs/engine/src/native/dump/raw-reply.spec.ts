import { describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import { AppError } from '#contracts';
import { joinDocuments, parseCursorReply } from './raw-reply.js';

const batchOf = (documents: readonly BSON.Document[]) => {
  const reply = Buffer.from(BSON.serialize({ a: documents }));
  // Length, type byte, "a", zero byte.
  return reply.subarray(7, reply.length - 1);
};

describe('joinDocuments', () => {
  it.each([0, 1, 9, 10, 11, 99, 100, 101, 1001])('%i documents, side by side and byte for byte', (count) => {
    const documents = Array.from({ length: count }, (_, index) => ({ _id: index, text: 'x'.repeat(index % 50) }));
    const { run, documents: found } = joinDocuments(batchOf(documents));
    expect(found).toBe(count);
    expect(run.equals(Buffer.concat(documents.map((document) => BSON.serialize(document))))).toBe(true);
  });

  const broken: [string, (batch: Buffer) => void][] = [
    ['an item that is no document', (batch) => batch.writeUInt8(0x10, 4)],
    ['a document that is too long', (batch) => batch.writeInt32LE(1000, 7)],
    ['a document that is too short', (batch) => batch.writeInt32LE(4, 7)],
    ['a negative length', (batch) => batch.writeInt32LE(-1, 7)],
    ['a number without an end', (batch) => batch.fill(0x31, 5, batch.length)],
  ];
  it.each(broken)('refuses %s', (_what, damage) => {
    const batch = batchOf([{ a: 1 }]);
    damage(batch);
    expect(() => joinDocuments(batch)).toThrow(AppError);
  });
});

describe('parseCursorReply', () => {
  const at = new BSON.Timestamp({ t: 5, i: 6 });
  const cursor = {
    id: BSON.Long.fromString('9223372036854775807'),
    ns: 'a.b.c',
    firstBatch: [{ x: 1 }],
    atClusterTime: at,
  };

  it('gives id, collection and time', () => {
    const reply = parseCursorReply(BSON.serialize(cursor));
    expect(reply.cursorId.toString()).toBe('9223372036854775807');
    expect(reply).toMatchObject({ collection: 'b.c', at: { t: 5, i: 6 } });
  });

  it.each([undefined, {}, BSON.serialize({}), BSON.serialize({ id: 1 }), BSON.serialize({ ...cursor, id: 'x' })])(
    'refuses %p',
    (reply) => {
      expect(() => parseCursorReply(reply)).toThrow(AppError);
    },
  );
});
