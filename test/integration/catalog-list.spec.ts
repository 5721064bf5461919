import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { everyMissing, everyRecord, type BackupQuery } from '#catalog';
import { backupDocument } from '../../bench/catalog-documents.js';
import { catalogWorld, completedBackup, newTarget, type CatalogWorld } from '../support/catalog-world.js';
import { replaceCalls } from '../support/replace-calls.js';

// A list with so many records that pages are looked for among the newest, or from the nearer end: each is the one that sorting all of them would give.

const records = 1500;
const limit = 100;
type Row = Readonly<Record<'createdAt' | 'startedAt' | 'completedAt', Date>> &
  Readonly<{ backupId: string; target: string; trigger: string; status: string; size: number | null }>;
let world: CatalogWorld;
let rows: readonly Row[];

beforeAll(async () => {
  world = await catalogWorld();
  const documents = Array.from({ length: records }, (_, index) => ({
    ...backupDocument(index, records),
    // All of them listed, so that there are many.
    ...(index % 20 === 7 ? {} : { status: 'completed', listed: true, deletedAt: null }),
  }));
  rows = documents as unknown as Row[];
  await world.client.db(world.database).collection('backups').insertMany(documents);
}, 60_000);
afterAll(() => world.close());

type Filter = Pick<BackupQuery, 'status' | 'target' | 'trigger' | 'to' | 'from'>;
const day = 86_400_000;
const filters: Record<string, () => Filter> = {
  'no filter': () => ({}),
  'a state': () => ({ status: 'completed' }),
  to: () => ({ to: new Date(Date.now() - 3 * day) }),
  from: () => ({ from: new Date(Date.now() - 25 * day) }),
  'a trigger, from': () => ({ trigger: 'schedule', from: new Date(Date.now() - 25 * day) }),
  'a state, a target, a trigger': () => ({ status: 'completed', target: 'target-3', trigger: 'schedule' }),
  'a state, a trigger, from and to': () => ({
    ...{ status: 'completed', trigger: 'schedule' },
    ...{ from: new Date(Date.now() - 25 * day), to: new Date(Date.now() - 3 * day) },
  }),
};
const sorts = (['createdAt', 'startedAt', 'completedAt', 'size', 'status'] as const).flatMap((sortBy) =>
  (['asc', 'desc'] as const).map((sortOrder) => ({ sortBy, sortOrder })),
);

function expected(
  { status, target, trigger, from, to }: Filter,
  { sortBy, sortOrder }: (typeof sorts)[number],
): string[] {
  const fits = rows.filter(
    (row) =>
      (status === undefined || row.status === status) &&
      (target === undefined || row.target === target) &&
      (trigger === undefined || row.trigger === trigger) &&
      (from === undefined || row.createdAt >= from) &&
      (to === undefined || row.createdAt <= to),
  );
  const sign = sortOrder === 'asc' ? 1 : -1;
  // Without a size they are the smallest.
  const value = (row: Row) => row[sortBy] ?? -1;
  const byId = (a: Row, b: Row) => (a.backupId < b.backupId ? -1 : 1);
  return [...fits]
    .sort((a, b) => sign * (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : byId(a, b)))
    .map(({ backupId }) => backupId);
}

it.each(Object.keys(filters).flatMap((name) => sorts.map((sort) => ({ name, ...sort }))))(
  'pages of $name, by $sortBy $sortOrder',
  async ({ name, sortBy, sortOrder }) => {
    const filter = filters[name]?.() ?? {};
    const all = expected(filter, { sortBy, sortOrder });
    const last = Math.ceil(all.length / limit);
    for (const page of [1, 2, Math.ceil(last / 2), last, last + 1]) {
      const { data, total } = await world.catalog.backups.list({ ...filter, page, limit, sortBy, sortOrder });
      expect({ page, total, ids: data.map(({ backupId }) => backupId) }).toEqual({
        ...{ page, total: all.length },
        ids: all.slice((page - 1) * limit, page * limit),
      });
    }
    // After the last record of a page comes the page behind it.
    for (const start of [limit, all.length - limit - 7]) {
      const id = all[start - 1] ?? '';
      const value = rows.find(({ backupId }) => backupId === id)?.[sortBy] ?? null;
      const after = { id, value };
      const { data, total } = await world.catalog.backups.list({ ...filter, page: 9, limit, sortBy, sortOrder, after });
      expect({ start, total, ids: data.map(({ backupId }) => backupId) }).toEqual({
        ...{ start, total: all.length },
        ids: all.slice(start, start + limit),
      });
    }
  },
);

it.each(['asc', 'desc'] as const)(
  'every record comes once, %s, though one goes between the pages',
  async (sortOrder) => {
    const { backups } = world.catalog;
    const all = expected({}, { sortBy: 'createdAt', sortOrder });
    const collection = world.client.db(world.database).collection('backups');
    const first = await collection.findOne({ backupId: all[0] });
    if (first === null) throw new Error('there are no records');
    const going = replaceCalls(backups, {
      list: async (query) => {
        const page = await backups.list(query);
        await collection.deleteOne({ backupId: all[0] });
        return page;
      },
    });
    const found = await everyRecord({ backups: going }, { sortOrder, pageSize: limit });
    await collection.insertOne(first);
    expect(found.map(({ backupId }) => backupId)).toEqual(all);
  },
);

it('all that are missing are found, though some come back between the pages', async () => {
  const { backups } = world.catalog;
  const target = newTarget();
  const ids: string[] = [];
  for (let number = 0; number < 7; number += 1) {
    ids.push(await completedBackup(world.catalog, target));
    await backups.markMissing(ids.at(-1) ?? '', true, new Date());
  }
  const comingBack = replaceCalls(backups, {
    list: async (query) => {
      const page = await backups.list(query);
      await backups.markMissing(page.data[0]?.backupId ?? '', false, new Date());
      return page;
    },
  });
  const found = await everyMissing({ backups: comingBack }, target, 2);
  expect(found.map(({ backupId }) => backupId).sort()).toEqual([...ids].sort());
  const left = await everyMissing({ backups }, target, 2);
  expect(left).toHaveLength(3);
});
