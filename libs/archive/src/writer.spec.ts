import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ArchiveReader } from './reader.js';
import { ArchiveWriter } from './writer.js';

const prelude = (collections: string[]) => ({
  concurrentCollections: 2,
  serverVersion: '7.0.0',
  toolVersion: 'test',
  collections: collections.map((collection) => ({
    db: 'd',
    collection,
    metadata: '{"indexes":[]}',
    type: 'collection' as const,
  })),
});

/** A BSON document of one binary field. */
function document(payload: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from([0, 0, 0, 0, 0x05, 0x62, 0, 0, 0, 0, 0, 0]), payload, Buffer.from([0])]);
  body.writeInt32LE(body.length, 0);
  body.writeInt32LE(payload.length, 7);
  return body;
}

function written(work: (writer: ArchiveWriter) => void): Buffer {
  const chunks: Buffer[] = [];
  work(new ArchiveWriter((chunk) => chunks.push(chunk)));
  return Buffer.concat(chunks);
}

describe('ArchiveWriter', () => {
  it('writes what the reader reads, whatever turn the collections take', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), fc.uint8Array({ maxLength: 60 })), { maxLength: 40 }),
        fc.integer({ min: 1, max: 200 }),
        (turns, piece) => {
          const names = ['a', 'b', 'c'];
          const archive = written((writer) => {
            writer.prelude(prelude(names));
            for (const [turn, payload] of turns) writer.documents('d', names[turn] ?? 'a', document(payload));
            for (const name of names) writer.endNamespace('d', name);
            writer.finish();
          });
          const found = new Map<string, Buffer[]>(names.map((name) => [name, []]));
          const reader = new ArchiveReader({
            documents: ({ collection }, run) => void found.get(collection)?.push(Buffer.from(run)),
          });
          for (let at = 0; at < archive.length; at += piece) reader.write(archive.subarray(at, at + piece));
          const summary = reader.end();
          names.forEach((name, index) => {
            const mine = turns.filter(([turn]) => turn === index).map(([, payload]) => document(payload));
            expect(Buffer.concat(found.get(name) ?? []).equals(Buffer.concat(mine))).toBe(true);
            expect(summary.namespaces[index]?.documents).toBe(mine.length);
          });
        },
      ),
    );
  });

  it('does not finish an archive that is not whole', () => {
    const unended = (): Buffer =>
      written((writer) => {
        writer.prelude(prelude(['a']));
        writer.finish();
      });
    const begun = (): Buffer =>
      written((writer) => {
        writer.prelude(prelude([]));
        writer.documents('d', 'x', document(Buffer.alloc(1)));
        writer.finish();
      });
    expect(unended).toThrow('d.a has not ended');
    expect(begun).toThrow('d.x has not ended');
  });

  it('takes nothing of a namespace that has ended', () => {
    const late = (): Buffer =>
      written((writer) => {
        writer.prelude(prelude(['a']));
        writer.endNamespace('d', 'a');
        writer.documents('d', 'a', document(Buffer.alloc(1)));
      });
    expect(late).toThrow('has ended already');
  });

  it('every changed byte of documents and framing is noticed; only texts of the prelude may change unnoticed', () => {
    const archive = written((writer) => {
      writer.prelude(prelude(['a', 'b']));
      writer.documents('d', 'a', Buffer.concat([document(Buffer.from('one')), document(Buffer.from('two'))]));
      writer.documents('d', 'b', document(Buffer.from('three')));
      writer.endNamespace('d', 'a');
      writer.endNamespace('d', 'b');
      writer.finish();
    });
    const blocks = archive.indexOf(Buffer.from([0xff, 0xff, 0xff, 0xff])) + 4;
    for (let at = blocks; at < archive.length; at += 1) {
      for (const mask of [1, 0x80, 0xff]) {
        const changed = Buffer.from(archive);
        changed[at] = (changed[at] ?? 0) ^ mask;
        const verdict = (): void => {
          const reader = new ArchiveReader();
          reader.write(changed);
          reader.end();
        };
        expect(verdict).toThrow(/archive/);
      }
    }
  });
});
