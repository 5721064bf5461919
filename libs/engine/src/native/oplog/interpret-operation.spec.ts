import { describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import { AppError } from '#contracts';
import {
  command,
  insert,
  noop,
  oplogOf,
  remove,
  update,
  type EntryInput,
} from '../../../../../test/support/oplog-entries.js';
import { interpretOperation } from './interpret-operation.js';
import { parseEntry } from './oplog-entry.js';

// What each kind of entry asks of a restore.

const interpret = (input: EntryInput) => {
  const [bytes = Buffer.alloc(0)] = oplogOf([input]);
  return interpretOperation(parseEntry(bytes, 7));
};
const named = { db: 'shop', collection: 'people' };
const index = { v: 2, key: { a: 1 }, name: 'a_1', expireAfterSeconds: 60 };
const asMap = (document: object) => new Map(Object.entries(document));

it.each<[string, EntryInput, object]>([
  ['a no-op', noop, { kind: 'skip', what: 'nothing' }],
  ['an insert', insert('shop.people', { _id: 1 }), { kind: 'write', ...named }],
  ['an update', update('shop.people', 1, { u: { a: 2 } }), { kind: 'write', ...named }],
  ['a removal', remove('shop.people', 1), { kind: 'write', ...named }],
  ['a name with dots', remove('shop.fs.chunks', 1), { kind: 'write', db: 'shop', collection: 'fs.chunks' }],
  [
    'buckets',
    insert('shop.system.buckets.t', { _id: 1 }),
    { kind: 'write', db: 'shop', collection: 'system.buckets.t' },
  ],
  ['a session', update('config.transactions', 1, {}), { kind: 'skip', what: 'server' }],
  ['the local database', insert('local.replset', { _id: 1 }), { kind: 'skip', what: 'server' }],
  ['a user', insert('admin.system.users', { _id: 'a' }), { kind: 'skip', what: 'users' }],
  ['a stored function', insert('shop.system.js', { _id: 'f' }), { kind: 'skip', what: 'server' }],
  ['the plan of a restore', insert('shop._hazina_restore', { _id: 'plan' }), { kind: 'skip', what: 'server' }],
  [
    'the beginning of an index build',
    command('shop', { startIndexBuild: 'people' }),
    { kind: 'skip', what: 'nothing' },
  ],
  ['dropDatabase', command('shop', { dropDatabase: 1 }), { kind: 'drop-database', db: 'shop' }],
  ['drop', command('shop', { drop: 'people' }), { kind: 'drop', ...named }],
  [
    'dropIndexes',
    command('shop', { dropIndexes: 'people', index: 'a_1' }),
    { kind: 'drop-index', ...named, index: 'a_1' },
  ],
])('%s', (_what, input, expected) => {
  expect(interpret(input)).toEqual(expected);
});

it('a new collection, with its options and nothing else', () => {
  const o = {
    create: 'people',
    capped: true,
    size: 4096,
    recordIdsReplicated: false,
    idIndex: { v: 2, key: { _id: 1 }, name: '_id_' },
  };
  const step = interpret(command('shop', o));
  expect(step).toMatchObject({ kind: 'create', ...named });
  expect('options' in step ? [...step.options.keys()] : []).toEqual(['capped', 'size']);
});

it.each([
  ['createIndexes', { createIndexes: 'people', ...index }],
  ['createIndexes of newer servers', { createIndexes: 'people', spec: index }],
  ['commitIndexBuild', { commitIndexBuild: 'people', indexBuildUUID: new BSON.UUID(), indexes: [index] }],
])('%s: the definitions, in their order', (_what, o) => {
  const step = interpret(command('shop', o));
  const indexes = step.kind === 'create-indexes' ? step.indexes : [];
  expect(indexes.map((one) => BSON.deserialize(BSON.serialize(one)))).toEqual([index]);
});

it('collMod: options and an index apart, without what no server takes any more', () => {
  const o = { collMod: 'people', validator: {}, noPadding: true, index: { name: 'a_1', hidden: true } };
  const step = interpret(command('shop', o));
  expect(step).toMatchObject({ kind: 'change', ...named, index: asMap({ name: 'a_1', hidden: true }) });
  expect('options' in step ? [...step.options.keys()] : []).toEqual(['validator']);
});

describe('what cannot be replayed is an error with its place', () => {
  it.each<[string, EntryInput, RegExp]>([
    ['a rename', command('shop', { renameCollection: 'shop.a', to: 'shop.b' }), /"renameCollection"/],
    ['an unknown command', command('shop', { fly: 'people' }), /"fly" cannot/],
    ['a command without a name', command('shop', { collMod: 7 }), /names no collection/],
    ['an unknown kind', { op: 'zz', ns: 'shop.people', o: {} }, /zz on shop\.people.*kind/],
    ['a view', insert('shop.system.views', { _id: 'shop.v' }), /a view/],
    ['a new time series', command('shop', { create: 't', timeseries: { timeField: 't' } }), /time series/],
    ['queryable encryption', insert('shop.enxcol_.a.esc', { _id: 1 }), /encryption/],
  ])('%s', (_what, input, message) => {
    let failure: unknown;
    try {
      interpret(input);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({
      code: 'restore/failed',
      message: expect.stringMatching(message) as unknown,
      hint: expect.stringContaining('--no-oplog-replay') as unknown,
      details: { entry: 7 },
    });
    expect((failure as Error).message).toContain('oplog entry 7 at 1700000000:1');
  });
});

it.each([
  ['no document', Buffer.from('0500000001', 'hex')],
  ['no time', Buffer.from(BSON.serialize({ op: 'n', ns: '', o: {} }))],
  ['no object', Buffer.from(BSON.serialize({ ts: new BSON.Timestamp({ t: 1, i: 1 }), op: 'i', ns: 'a.b' }))],
])('%s: not an entry', (_what, bytes) => {
  expect(() => parseEntry(bytes, 3)).toThrow(/Document 3 of the oplog.*no oplog entry/);
});
