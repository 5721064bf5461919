import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Collection } from 'mongodb';
import mongoose, { type Connection } from 'mongoose';
import type { StateSums } from '#catalog';
import { systemRandom } from '#contracts';
import { backupDocument } from '../../bench/catalog-documents.js';
import type { RebuiltFacts } from '../../libs/catalog/src/contract/sync.js';
import { SettledStateSums, stateSums } from '../../libs/catalog/src/backups/state-sums.js';
import { Guard } from '../../libs/catalog/src/store/guard.js';
import { modelsOf } from '../../libs/catalog/src/store/models.js';
import { RecordCollection } from '../../libs/catalog/src/store/record-collection.js';
import { backupJsonOf, catalogWorld, completedFacts, type CatalogWorld } from '../support/catalog-world.js';

// What the records come to, asked for again and again: always what reading all of them anew gives, though the old ones are not read.

const records = 600;
const dayMs = 86_400_000;
let world: CatalogWorld;
let connection: Connection;
let raw: Collection;
let backups: ConstructorParameters<typeof SettledStateSums>[0];
let sums: SettledStateSums;
let serverTime = Date.now();

beforeAll(async () => {
  world = await catalogWorld();
  raw = world.client.db(world.database).collection('backups');
  connection = await mongoose.createConnection(world.uri.reveal()).asPromise();
  backups = new RecordCollection(modelsOf(connection).Backup, new Guard(15_000, systemRandom), 'changedAt');
});
afterAll(async () => {
  await connection.close();
  await world.close();
});
beforeEach(async () => {
  await raw.deleteMany({});
  // Half an hour apart: twelve and a half days.
  await raw.insertMany(Array.from({ length: records }, (_, index) => backupDocument(9_400 + index, 9_400 + records)));
  serverTime = Date.now();
  sums = new SettledStateSums(backups, () => Promise.resolve(new Date(serverTime)));
});

async function anew(): Promise<readonly StateSums[]> {
  return sorted(await stateSums(backups, {}));
}
const look = async (): Promise<readonly StateSums[]> => sorted(await sums.of(new Date()));
const sorted = (found: readonly StateSums[]) =>
  [...found].sort((a, b) => (`${a.target} ${a.status}` < `${b.target} ${b.status}` ? -1 : 1));
const createdBefore = (days: number) => ({
  createdAt: { $lt: new Date(Date.now() - days * dayMs) },
  status: 'completed',
});
const bytesOf = (found: readonly StateSums[]) => found.reduce((total, { bytes }) => total + bytes, 0);

it('are the sums of all of them, one of each target and state', async () => {
  const found = await look();
  expect(found).toEqual(await anew());
  expect(found.reduce((total, { count }) => total + count, 0)).toBe(await raw.countDocuments({ listed: true }));
});

it('old ones are not read again while nothing tells of a change; recent ones are', async () => {
  const first = await look();
  // Nothing writes like this: no time of the change.
  await raw.updateOne(createdBefore(9), { $inc: { size: 1 } });
  expect(await look()).toEqual(first);
  await raw.updateOne({ ...createdBefore(0), createdAt: { $gt: new Date(Date.now() - dayMs) } }, { $inc: { size: 2 } });
  expect(bytesOf(await look())).toBe(bytesOf(first) + 2);
  serverTime += 601_000;
  expect(bytesOf(await look())).toBe(bytesOf(first) + 3);
});

it.each<[name: string, change: () => Promise<unknown>]>([
  ['changed', () => raw.updateOne(createdBefore(9), { $inc: { size: 5 }, $currentDate: { changedAt: true } })],
  ['deleted', () => raw.deleteOne(createdBefore(9))],
  ['put in', () => raw.insertOne({ ...backupDocument(3, 1_000), status: 'completed', listed: true })],
])('an old record that was %s is in the next ones', async (_, change) => {
  const first = await look();
  await change();
  const next = await look();
  expect(next).toEqual(await anew());
  expect(next).not.toEqual(first);
});

it('a failed record that was made anew from the store is in the next ones', async () => {
  const failed = { ...createdBefore(9), status: 'failed' };
  const record = await raw.findOne(failed);
  const backupId = String(record?.['backupId']);
  await look();
  const backup = backupJsonOf(backupId, String(record?.['target']), 1, record?.['createdAt'] as Date);
  const facts: RebuiltFacts = {
    ...completedFacts(backup),
    ...{ bytes: JSON.stringify(backup), createdAt: record?.['createdAt'] as Date, slot: null, keyIds: [] },
    ...{ marks: { version: 0, pinned: false, label: null, verifications: [] }, adopted: false },
  };
  expect(await world.catalog.sync.rebuildOver(facts, { fence: 1 }, new Date())).toBe(true);
  expect(await raw.countDocuments({ backupId, status: 'completed' })).toBe(1);
  expect(await look()).toEqual(await anew());
});

it('a change that became visible late is seen', async () => {
  await look();
  const late = new Date(serverTime - 14_000);
  await raw.updateOne(createdBefore(9), { $inc: { size: 7 }, $set: { changedAt: late } });
  expect(await look()).toEqual(await anew());
});

it('a new day and a server whose clock was put back are no hindrance', async () => {
  const first = await look();
  await raw.updateOne(createdBefore(9), { $inc: { size: 1 } });
  serverTime -= 1;
  expect(bytesOf(await look())).toBe(bytesOf(first) + 1);
  await raw.updateOne(createdBefore(9), { $inc: { size: 1 } });
  expect(bytesOf(sorted(await sums.of(new Date(Date.now() + dayMs))))).toBe(bytesOf(first) + 2);
});
