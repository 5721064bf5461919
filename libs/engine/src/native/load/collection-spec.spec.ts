import { describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import { createCommand, indexDefinition, planIndexes, withoutExpiry } from './collection-spec.js';
import { decodeToMap, type BsonMap } from './raw-bson.js';

const map = (document: BSON.Document) => decodeToMap(BSON.serialize(document));
const plain = (document: BsonMap | BSON.Document) => BSON.deserialize(BSON.serialize(document));
const spec = (options: BSON.Document, indexes: BSON.Document[] = []) => ({
  options: map(options),
  indexes: indexes.map(map),
});

describe('createCommand', () => {
  it('carries every option, in its type', () => {
    const command = createCommand(
      't',
      spec({ capped: true, size: BSON.Long.fromNumber(4096), validator: { a: { $gt: 1 } } }),
    );
    expect(plain(command)).toEqual({ create: 't', capped: true, size: 4096, validator: { a: { $gt: 1 } } });
    expect((command['size'] as BSON.Long)._bsontype).toBe('Long');
  });

  it('leaves out what describes the storage of the source', () => {
    expect(plain(createCommand('t', spec({ autoIndexId: false, recordIdsReplicated: true, uuid: 'x' })))).toEqual({
      create: 't',
    });
  });

  it('describes an _id index with a collation, which cannot be built later', () => {
    const idIndex = { v: 2, key: { _id: 1 }, name: '_id_', ns: 'a.b', collation: { locale: 'sw', strength: 1 } };
    expect(plain(createCommand('t', spec({ collation: { locale: 'sw' } }, [idIndex])))).toEqual({
      create: 't',
      collation: { locale: 'sw' },
      idIndex: { v: 2, key: { _id: 1 }, name: '_id_', collation: { locale: 'sw', strength: 1 } },
    });
  });

  it('leaves the plain _id index to the server, and a clustered collection has none', () => {
    const idIndex = { v: 2, key: { _id: 1 }, name: '_id_' };
    expect(createCommand('t', spec({}, [idIndex]))).not.toHaveProperty('idIndex');
    const clustered = spec({ clusteredIndex: { key: { _id: 1 }, unique: true } }, [
      { ...idIndex, collation: { locale: 'sw' } },
    ]);
    expect(createCommand('t', clustered)).not.toHaveProperty('idIndex');
  });
});

describe('planIndexes', () => {
  it('builds TTL indexes late and the _id index never', () => {
    const plan = planIndexes(
      spec({}, [
        { v: 2, key: { _id: 1 }, name: '_id_' },
        { v: 2, key: { a: 1 }, name: 'a_1', unique: true },
        { v: 2, key: { at: 1 }, name: 'at_1', expireAfterSeconds: 60, unique: true },
      ]),
    );
    expect(plan.early.map((index) => index.get('name'))).toEqual(['a_1']);
    expect(plan.late.map((index) => index.get('name'))).toEqual(['at_1']);
    expect(plan.late.map(withoutExpiry).map(plain)).toEqual([{ v: 2, key: { at: 1 }, name: 'at_1', unique: true }]);
  });
});

describe('indexDefinition', () => {
  it.each<[string, BSON.Document, BSON.Document]>([
    ['drops ns, keeps v', { v: 1, ns: 'a.b', key: { a: 1 }, name: 'x' }, { v: 1, key: { a: 1 }, name: 'x' }],
    [
      'drops what FerretDB adds',
      { key: { a: 1 }, name: 'x', storageEngine: { enableOrderedIndex: true } },
      { key: { a: 1 }, name: 'x' },
    ],
    [
      'keeps other options of a storage engine',
      { key: { a: 1 }, name: 'x', storageEngine: { wiredTiger: { configString: 'a' }, enableOrderedIndex: true } },
      { key: { a: 1 }, name: 'x', storageEngine: { wiredTiger: { configString: 'a' } } },
    ],
    [
      'drops the simple collation of v 1',
      { v: 1, key: { a: 1 }, name: 'x', collation: { locale: 'simple' } },
      { v: 1, key: { a: 1 }, name: 'x' },
    ],
    [
      'keeps it with v 2',
      { v: 2, key: { a: 1 }, name: 'x', collation: { locale: 'simple' } },
      { v: 2, key: { a: 1 }, name: 'x', collation: { locale: 'simple' } },
    ],
  ])('%s', (_name, listed, expected) => {
    expect(plain(indexDefinition(map(listed)))).toEqual(expected);
  });
});
