import { expect, it } from '@jest/globals';
import { BSON, type Document } from 'mongodb';
import {
  command,
  inner,
  insert,
  oplogOf,
  transaction,
  type EntryInput,
} from '../../../../../test/support/oplog-entries.js';
import { parseEntry } from './oplog-entry.js';
import { TransactionUnfolder } from './unfold-transactions.js';

// In which order operations took effect.

const one = (id: number) => insert('a.b', { _id: id });
const part = (number: number, ids: readonly number[], more: Document = {}): EntryInput => ({
  ...command('admin', { applyOps: inner(ids.map(one)), ...more }),
  more: { ...transaction(number), prevOpTime: { ts: new BSON.Timestamp({ t: 0, i: 0 }), t: BSON.Long.fromNumber(-1) } },
});
const end = (number: number, o: Document): EntryInput => ({ ...command('admin', o), more: transaction(number) });

function unfold(inputs: readonly EntryInput[], unfolder = new TransactionUnfolder()): unknown[] {
  return oplogOf(inputs)
    .flatMap((bytes, index) => unfolder.take(parseEntry(bytes, index + 1)))
    .map(({ o }) => BSON.deserialize(o)['_id'] as unknown);
}

it.each<[string, EntryInput[], number[]]>([
  ['plain entries', [one(1), one(2)], [1, 2]],
  [
    'applyOps, also inside itself',
    [command('admin', { applyOps: inner([one(1), command('admin', { applyOps: inner([one(2)]) }), one(3)]) })],
    [1, 2, 3],
  ],
  ['a transaction of one entry', [part(1, [1, 2]), one(3)], [1, 2, 3]],
  [
    'a transaction of several entries',
    [part(1, [1], { partialTxn: true }), one(9), part(1, [2], { count: 2 })],
    [9, 1, 2],
  ],
  ['a prepared one', [part(1, [1], { prepare: true }), one(9), end(1, { commitTransaction: 1 })], [9, 1]],
  [
    'two side by side',
    [part(1, [1], { partialTxn: true }), part(2, [5], { partialTxn: true }), part(2, [6]), part(1, [2])],
    [5, 6, 1, 2],
  ],
  ['an aborted one', [part(1, [1], { prepare: true }), end(1, { abortTransaction: 1 }), one(9)], [9]],
  ['one that is open at the end', [part(1, [1], { partialTxn: true }), one(9)], [9]],
])('%s', (_what, inputs, ids) => {
  expect(unfold(inputs)).toEqual(ids);
});

it('a retryable batch of writes looks like a transaction and is none', () => {
  const batch = part(1, [1, 2]);
  expect(unfold([{ ...batch, more: { ...batch.more, multiOpType: 1 } }])).toEqual([1, 2]);
});

it('keeps a bounded number of bytes of transactions that are not committed', () => {
  const open = [1, 2, 3].map((number) => part(number, [number], { partialTxn: true }));
  const [first = Buffer.alloc(0)] = oplogOf(open.slice(0, 1));
  const bytes = parseEntry(first, 1).o;
  expect(() => unfold(open, new TransactionUnfolder(3 * bytes.length))).not.toThrow();
  expect(() => unfold(open, new TransactionUnfolder(bytes.length))).toThrow(/oplog entry 2.*open at once/);
  // What was committed counts no more.
  const closed = [1, 2, 3].flatMap((number) => [part(number, [number], { partialTxn: true }), part(number, [])]);
  expect(unfold(closed, new TransactionUnfolder(bytes.length))).toEqual([1, 2, 3]);
});

it('a list of operations that is none', () => {
  expect(() => unfold([command('admin', { applyOps: 'no' })])).toThrow(/list of operations of oplog entry 1/);
});
