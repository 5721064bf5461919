import { describe, expect, it } from '@jest/globals';
import { BSON, type Document } from 'mongodb';
import { decodeToMap } from '../load/raw-bson.js';
import { watchUnique } from './unique-watch.js';

const indexOf = (index: Document) => decodeToMap(BSON.serialize({ name: 'one', unique: true, ...index }));

function watched(index: Document, documents: readonly Document[], budget = 1_000) {
  const watch = watchUnique(indexOf(index), { left: budget });
  if ('unsupported' in watch) throw new Error(watch.unsupported);
  const there = documents.map((document) => watch.add(Buffer.from(BSON.serialize(document))));
  return { there, broken: watch.broken, unknown: watch.unknown };
}

describe('documents that break a unique index', () => {
  it.each<[string, Document, Document[], number]>([
    ['one value twice', { key: { a: 1 } }, [{ a: 1 }, { a: 2 }, { a: 1 }], 1],
    ['numbers by their value', { key: { a: 1 } }, [{ a: 1 }, { a: new BSON.Double(1) }, { a: BSON.Long.ONE }], 2],
    ['decimals too', { key: { a: 1 } }, [{ a: 1 }, { a: BSON.Decimal128.fromString('1.00') }], 1],
    ['a text is no number', { key: { a: 1 } }, [{ a: 1 }, { a: '1' }, { a: true }], 0],
    ['what is missing is null', { key: { a: 1 } }, [{ b: 1 }, { a: null }], 1],
    ['sparse: what is missing is not there', { key: { a: 1 }, sparse: true }, [{ b: 1 }, { b: 2 }, { a: null }], 0],
    ['sparse: one of two is enough', { key: { a: 1, b: 1 }, sparse: true }, [{ a: 1 }, { a: 1 }, {}, {}], 1],
    [
      'two fields together',
      { key: { a: 1, b: -1 } },
      [
        { a: 1, b: 1 },
        { a: 1, b: 2 },
        { a: 1, b: 1 },
      ],
      1,
    ],
    ['a path', { key: { 'a.b': 1 } }, [{ a: { b: 1 } }, { a: { b: 2 } }, { a: { b: 1 } }], 1],
    ['elements of arrays', { key: { a: 1 } }, [{ a: [1, 2] }, { a: [3, 2] }, { a: 4 }], 1],
    ['in one document as often as it likes', { key: { a: 1 } }, [{ a: [1, 1] }, { a: 2 }], 0],
    ['documents in arrays', { key: { 'a.b': 1 } }, [{ a: [{ b: 1 }, { b: 2 }] }, { a: { b: 2 } }], 1],
    ['an empty array is no null', { key: { a: 1 } }, [{ a: [] }, { a: null }, { a: [] }], 1],
    [
      'partial: others may',
      { key: { a: 1 }, partialFilterExpression: { on: true } },
      [{ a: 1, on: true }, { a: 1 }, { a: 1, on: true }],
      1,
    ],
  ])('%s', (_what, index, documents, broken) => {
    expect(watched(index, documents)).toMatchObject({ broken, unknown: 0 });
  });

  it('says which one is the second', () => {
    expect(watched({ key: { _id: 1 } }, [{ _id: 1 }, { _id: 2 }, { _id: 1 }]).there).toEqual([false, false, true]);
  });
});

describe('what cannot be told is counted', () => {
  it('texts under a collation', () => {
    const index = { key: { a: 1 }, collation: { locale: 'en', strength: 2 } };
    expect(watched(index, [{ a: 'x' }, { a: 'X' }, { a: 1 }, { a: 1 }])).toMatchObject({ broken: 1, unknown: 2 });
  });

  it('two arrays in one document', () => {
    expect(watched({ key: { a: 1, b: 1 } }, [{ a: [1, 2], b: [1, 2] }])).toMatchObject({ broken: 0, unknown: 1 });
  });

  it('what is beyond the values that are remembered', () => {
    const documents = [{ a: 1 }, { a: 2 }, { a: 3 }, { a: 3 }, { a: 1 }];
    expect(watched({ key: { a: 1 } }, documents, 2)).toMatchObject({ broken: 1, unknown: 2 });
  });

  it.each<[string, Document]>([
    ['an index of another kind', { key: { a: 'text' } }],
    ['places in arrays', { key: { 'a.0': 1 } }],
    ['a filter that only a server understands', { key: { a: 1 }, partialFilterExpression: { a: { $type: 'string' } } }],
  ])('%s is named', (_what, index) => {
    expect(watchUnique(indexOf(index), { left: 10 })).toEqual({ unsupported: expect.stringContaining('one') });
  });
});
