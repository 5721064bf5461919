import { describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import { indexesNotKept, optionsNotKept } from './compare-definitions.js';
import { decodeToMap } from './raw-bson.js';

const map = (document: BSON.Document) => decodeToMap(BSON.serialize(document));

describe('optionsNotKept', () => {
  it.each<[string, BSON.Document, BSON.Document, string[]]>([
    ['equal', { capped: true, size: 4096 }, { capped: true, size: 4096 }, []],
    ['nothing kept', { capped: true, size: 4096 }, {}, ['capped', 'size']],
    ['numbers of another type', { size: BSON.Long.fromNumber(4096) }, { size: new BSON.Double(4096) }, []],
    ['defaults that the server added', { validator: { a: 1 } }, { validator: { a: 1 }, validationLevel: 'strict' }, []],
    [
      'defaults that the archive names',
      { validator: { a: 1 }, validationAction: 'error' },
      { validator: { a: 1 } },
      [],
    ],
    ['another level', { validationLevel: 'moderate' }, { validationLevel: 'strict' }, ['validationLevel']],
    ['a changed validator', { validator: { a: 1 } }, { validator: { a: 2 } }, ['validator']],
    ['a validator with more in it', { validator: { a: 1 } }, { validator: { a: 1, b: 1 } }, ['validator']],
    [
      'a collation that the server completed',
      { collation: { locale: 'sw' } },
      { collation: { locale: 'sw', strength: 3 } },
      [],
    ],
    ['another collation', { collation: { locale: 'sw' } }, { collation: { locale: 'en', strength: 3 } }, ['collation']],
    [
      'another pipeline',
      { pipeline: [{ $match: { a: 1 } }] },
      { pipeline: [{ $match: { a: 1 } }, { $limit: 1 }] },
      ['pipeline'],
    ],
    [
      'the order of a sort',
      { pipeline: [{ $sort: { a: 1, b: 1 } }] },
      { pipeline: [{ $sort: { b: 1, a: 1 } }] },
      ['pipeline'],
    ],
    ['what describes the source only', { autoIndexId: true, uuid: 'x' }, {}, []],
  ])('%s', (_name, archived, kept, expected) => {
    expect(optionsNotKept(map(archived), map(kept))).toEqual(expected);
  });
});

describe('indexesNotKept', () => {
  it.each<[string, BSON.Document, BSON.Document | null, string[]]>([
    ['equal', { v: 2, key: { a: 1 }, name: 'a_1' }, { v: 2, key: { a: 1 }, name: 'a_1' }, []],
    ['missing', { key: { a: 1 }, name: 'a_1' }, null, ['index a_1']],
    [
      'another version, an engine option added',
      { v: 1, key: { a: 1 }, name: 'a_1', ns: 'x.y' },
      { v: 2, key: { a: new BSON.Double(1) }, name: 'a_1', storageEngine: { enableOrderedIndex: true } },
      [],
    ],
    [
      'no longer unique',
      { key: { a: 1 }, name: 'a_1', unique: true },
      { key: { a: 1 }, name: 'a_1' },
      ['unique of index a_1'],
    ],
    [
      'the order of its keys',
      { key: { a: 1, b: 1 }, name: 'x' },
      { key: { b: 1, a: 1 }, name: 'x' },
      ['key of index x'],
    ],
    ['the direction of a key', { key: { a: 1 }, name: 'x' }, { key: { a: -1 }, name: 'x' }, ['key of index x']],
    [
      'another expiry',
      { key: { a: 1 }, name: 'x', expireAfterSeconds: 60 },
      { key: { a: 1 }, name: 'x', expireAfterSeconds: 61 },
      ['expireAfterSeconds of index x'],
    ],
    [
      'defaults of a text index',
      { key: { _fts: 'text', _ftsx: 1 }, name: 't', weights: { a: 1 }, default_language: 'english' },
      { key: { _fts: 'text', _ftsx: 1 }, name: 't', weights: { a: 1 } },
      [],
    ],
    [
      'another partial filter',
      { key: { a: 1 }, name: 'x', partialFilterExpression: { a: { $gt: 1 } } },
      { key: { a: 1 }, name: 'x', partialFilterExpression: { a: { $gt: 2 } } },
      ['partialFilterExpression of index x'],
    ],
  ])('%s', (_name, archived, kept, expected) => {
    expect(indexesNotKept([map(archived)], kept ? [map(kept)] : [])).toEqual(expected);
  });
});
