import { describe, expect, it } from '@jest/globals';
import { AppError, slotBackupId, type BackupJson, type SyncResult } from '#contracts';
import { createMemoryStore, type ObjectStore } from '#storage';
import { backupDeps, noAbort, putBackup, storeContents, testRing } from '../../../test/support/backup-world.js';
import { MemorySyncCatalog } from '../../../test/support/memory-sync-catalog.js';
import { replaceCalls } from '../../../test/support/replace-calls.js';
import { backupJsonKey, leaseKey } from './objects/keys.js';
import { readStoreIdentity } from './objects/store-identity.js';
import { runSync, type SyncDeps, type SyncRequest } from './run-sync.js';
import { writeMarks } from './write-marks.js';

const hourMs = 3_600_000;
const start = new Date('2026-11-01T02:00:00.000Z');
const hours = (count: number) => new Date(start.getTime() + count * hourMs);

/** So many backups in a store, an hour apart, and a catalogue that knows none of them. */
async function world(count: number) {
  const store = createMemoryStore();
  const catalog = new MemorySyncCatalog();
  const backups: BackupJson[] = [];
  for (let at = 0; at < count; at += 1) backups.push(await putBackup(store, hours(at)));
  const clock = { now: () => hours(count + 24), monotonicMs: () => 0 };
  const storeId = (await readStoreIdentity(store, noAbort))?.storeId ?? null;
  const sync = (changes: Partial<SyncRequest> = {}, deps: Partial<SyncDeps> = {}): Promise<SyncResult> =>
    runSync(
      { store, ring: testRing, clock, observer: backupDeps(store).observer, catalog, ...deps },
      {
        ...{ target: null, adopt: false, dryRun: false, expectedStoreId: storeId, prefix: 'p/', graceMs: hourMs },
        ...changes,
      },
      noAbort,
    );
  const idOf = (at: number): string => backups[at]?.backupId ?? '';
  const textOf = async (id: string) => (await store.getBytes(backupJsonKey(id), 100_000)).bytes.toString();
  const removeAll = async (id: string) => {
    for (const key of await storeContents(store)) if (key.includes(id)) await store.delete(key);
  };
  return { store, catalog, backups, clock, sync, idOf, textOf, removeAll };
}

describe('a catalogue that was lost', () => {
  it('comes back: every field that the store knows, once', async () => {
    const { store, catalog, backups, clock, sync, idOf, textOf } = await world(3);
    await writeMarks({ store, clock }, idOf(1), { version: 4, pinned: true, label: 'audit' }, noAbort);
    const slot = hours(5);
    const slotId = slotBackupId('clinic', slot);
    await putBackup(store, hours(5.1), { backupId: slotId, trigger: 'schedule', attempt: 3 });
    const result = await sync();
    expect(result).toMatchObject({ found: 4, unchanged: 0, problems: 0, foreign: 0, counts: { rebuilt: 4 } });
    const found = catalog.found.get(idOf(1));
    expect(found).toMatchObject({
      ...{ backup: backups[1], slot: null, createdAt: hours(1), adopted: false },
      bytes: await textOf(idOf(1)),
      s3Key: `p/clinic/${idOf(1)}/1/data.hzn`,
      marks: { version: 4, pinned: true, label: 'audit' },
      metadata: { totalDocuments: backups[1]?.totals.documents },
    });
    expect(found?.metadata?.collections.length).toBe(backups[1]?.totals.collections);
    expect(catalog.found.get(slotId)).toMatchObject({ slot, createdAt: slot, backup: { attempt: 3 } });
    expect(await sync()).toMatchObject({ found: 4, unchanged: 4, changes: [], reports: [] });
  });

  it('with the lock that the store holds on it', async () => {
    const { store, catalog, sync, idOf } = await world(2);
    const lockedUntil = hours(1000);
    const head: ObjectStore['head'] = async (key, signal) => {
      const found = await store.head(key, signal);
      return found === null || !key.startsWith(`clinic/${idOf(1)}/`) ? found : { ...found, lockedUntil };
    };
    expect(await sync({}, { store: replaceCalls(store, { head }) })).toMatchObject({ counts: { rebuilt: 2 } });
    expect([idOf(0), idOf(1)].map((id) => catalog.found.get(id)?.lockedUntil)).toEqual([null, lockedUntil]);
  });

  it('a dry run tells the same and changes nothing', async () => {
    const { store, catalog, sync } = await world(2);
    const before = await storeContents(store);
    expect(await sync({ dryRun: true })).toMatchObject({ dryRun: true, counts: { rebuilt: 2 } });
    expect(catalog.records.size).toBe(0);
    expect(await storeContents(store)).toEqual(before);
  });

  it('one target alone', async () => {
    const { store, catalog, sync } = await world(1);
    const shop = await putBackup(store, hours(1), { target: 'shop' });
    expect(await sync({ target: 'shop' })).toMatchObject({ found: 1, counts: { rebuilt: 1 } });
    expect([...catalog.records.keys()]).toEqual([shop.backupId]);
  });

  it('targets whose names begin alike are not mistaken for each other', async () => {
    const { store, sync } = await world(1);
    for (const target of ['clinic-a', 'clinic-a-b', 'clinica', 'c']) await putBackup(store, hours(1), { target });
    expect(await sync()).toMatchObject({ found: 5, counts: { rebuilt: 5 } });
    expect(await sync()).toMatchObject({ found: 5, unchanged: 5, counts: { missing: 0 } });
  });

  it('what our keys do not prove gets no record: an edited backup.json, a foreign key, a text that is none', async () => {
    const { store, catalog, sync, idOf, textOf } = await world(3);
    const edited = (await textOf(idOf(0))).replace(/"completedAt": "2026/, '"completedAt": "2031');
    await store.putBytes(backupJsonKey(idOf(0)), Buffer.from(edited));
    await store.putBytes(backupJsonKey(idOf(1)), Buffer.from('{'));
    const result = await sync();
    expect(result).toMatchObject({ found: 3, problems: 2, counts: { rebuilt: 1 } });
    expect(result.reports.join('\n')).toMatch(/nothing proves what it says.*completedAt/);
    expect([...catalog.records.keys()]).toEqual([idOf(2)]);
  });
});

describe('a catalogue beside the store', () => {
  it('what is gone becomes missing, and what is back is no longer', async () => {
    const { store, catalog, sync, idOf, textOf, removeAll } = await world(4);
    await sync();
    const text = await textOf(idOf(2));
    await removeAll(idOf(0));
    await store.delete(`clinic/${idOf(1)}/1/data.hzn`);
    await store.delete(backupJsonKey(idOf(2)));
    expect(await sync({ dryRun: true })).toMatchObject({ counts: { missing: 3 } });
    expect(catalog.statusOf(idOf(0))).toBe('completed');
    expect(await sync()).toMatchObject({ found: 2, unchanged: 1, counts: { missing: 3 } });
    expect([0, 1, 2, 3].map((at) => catalog.statusOf(idOf(at)))).toEqual([
      ...['missing', 'missing', 'missing', 'completed'],
    ]);
    await store.putBytes(backupJsonKey(idOf(2)), Buffer.from(text));
    expect(await sync()).toMatchObject({ counts: { returned: 1, missing: 0 } });
    expect(catalog.statusOf(idOf(2))).toBe('completed');
  });

  it('what stands in a destination, for the store was away, is not missing: not in a dry run either', async () => {
    const { store, catalog, sync, idOf, removeAll } = await world(3);
    await sync();
    await removeAll(idOf(0));
    // The second is being brought home.
    await store.delete(backupJsonKey(idOf(1)));
    for (const at of [0, 1]) Object.assign(catalog.records.get(idOf(at)) ?? {}, { place: 'vault' });
    for (const dryRun of [true, false])
      expect(await sync({ dryRun })).toMatchObject({ unchanged: 1, counts: { missing: 0 }, changes: [], problems: 0 });
    expect([0, 1, 2].map((at) => catalog.statusOf(idOf(at)))).toEqual(['completed', 'completed', 'completed']);
  });

  it('a listing that breaks off, or is out of order, marks nothing', async () => {
    const { store, catalog, sync, idOf, removeAll } = await world(3);
    await sync();
    await removeAll(idOf(0));
    const broken = new AppError({ code: 'store/unreachable', stage: 'store', message: 'cut', retry: 'retry' });
    const cut = replaceCalls(store, {
      list: async function* (prefix: string) {
        for await (const entry of store.list(prefix)) {
          if (entry.key.includes(idOf(2))) throw broken;
          yield entry;
        }
      },
    });
    await expect(sync({}, { store: cut })).rejects.toBe(broken);
    const shuffled = replaceCalls(store, {
      list: async function* (prefix: string) {
        const all: Awaited<ReturnType<typeof entriesOf>> = await entriesOf(store, prefix);
        yield* all.reverse();
      },
    });
    await expect(sync({}, { store: shuffled })).rejects.toMatchObject({ code: 'store/unsupported' });
    expect(catalog.statusOf(idOf(0))).toBe('completed');
  });

  it('a listing that leaves something out is not believed: its keys are asked for', async () => {
    const { store, catalog, sync, idOf } = await world(3);
    await sync();
    const forgetful = replaceCalls(store, {
      list: async function* (prefix: string) {
        for await (const entry of store.list(prefix)) if (!entry.key.includes(idOf(1))) yield entry;
      },
    });
    expect(await sync({}, { store: forgetful })).toMatchObject({ found: 2, counts: { missing: 0 } });
    expect(catalog.statusOf(idOf(1))).toBe('completed');
  });

  it('another store, or one whose volume is away, is refused before anything is looked at', async () => {
    const { catalog, sync, idOf } = await world(1);
    await sync();
    await expect(sync({}, { store: createMemoryStore() })).rejects.toMatchObject({ code: 'store/changed' });
    expect(catalog.statusOf(idOf(0))).toBe('completed');
  });

  it('running, pending and deleting records are left alone, deleted ones not revived, failed ones told', async () => {
    const { catalog, sync, idOf } = await world(5);
    const states = ['pending', 'in_progress', 'deleting', 'deleted', 'failed'] as const;
    states.forEach((status, at) => catalog.add(idOf(at), status));
    catalog.add('clinic-20261101T000000Z-aaaaaa', 'in_progress');
    const result = await sync();
    expect(result).toMatchObject({ found: 5, leftAlone: 4, problems: 2, changes: [] });
    expect(states.map((_, at) => catalog.statusOf(idOf(at)))).toEqual([...states]);
    expect(result.reports.join('\n')).toMatch(/was deleted, and stands .* not revived[^]*its record is failed/);
  });

  it('a pin that was set without the catalogue reaches it, and no older one takes back what is wanted', async () => {
    const { store, catalog, clock, sync, idOf } = await world(2);
    await sync();
    for (const at of [0, 1])
      await writeMarks({ store, clock }, idOf(at), { version: 0, pinned: true, label: 'by hand' }, noAbort);
    catalog.add(idOf(1), 'completed', { ...catalog.records.get(idOf(1)), marks: { wanted: 2, written: 0 } });
    expect(await sync()).toMatchObject({ counts: { marked: 1 }, leftAlone: 1 });
    expect(catalog.records.get(idOf(0))).toMatchObject({ pinned: true, label: 'by hand' });
    expect(catalog.records.get(idOf(1))).toMatchObject({ pinned: false });
    expect(await sync()).toMatchObject({ counts: { marked: 0 } });
  });

  it('foreign names are reported and never touched', async () => {
    const { store, sync } = await world(1);
    for (const key of ['notes.txt', 'clinic/readme.md', 'Other/data.bin']) await store.putBytes(key, Buffer.from('x'));
    const before = await storeContents(store);
    const result = await sync({ adopt: true });
    expect(result).toMatchObject({ found: 1, foreign: 3, problems: 0 });
    expect(result.reports).toHaveLength(3);
    expect(await storeContents(store)).toEqual(before);
  });
});

describe('adoption', () => {
  it('a whole folder is reported; with --adopt it is read, committed with the same bytes, and recorded', async () => {
    const { store, catalog, sync, idOf, textOf } = await world(2);
    const text = await textOf(idOf(0));
    await store.delete(backupJsonKey(idOf(0)));
    expect(await sync()).toMatchObject({ found: 1, problems: 1, reports: [expect.stringContaining('--adopt')] });
    expect(await sync({ adopt: true, dryRun: true })).toMatchObject({ counts: { adopted: 1 } });
    expect(await store.head(backupJsonKey(idOf(0)))).toBeNull();
    expect(await sync({ adopt: true })).toMatchObject({ counts: { adopted: 1 }, problems: 0 });
    expect(await textOf(idOf(0))).toBe(text);
    expect(catalog.found.get(idOf(0))).toMatchObject({ adopted: true, bytes: text });
    expect(await sync({ adopt: true })).toMatchObject({ found: 2, unchanged: 2 });
  });

  it.each([
    ['completed', 'completed'],
    ['missing', 'completed'],
    ['failed', 'completed'],
    ['cancelled', 'completed'],
    ['in_progress', 'in_progress'],
    ['deleting', 'deleting'],
    ['deleted', 'deleted'],
  ] as const)('a whole folder whose record is %s', async (before, after) => {
    const { store, catalog, backups, sync, idOf, textOf } = await world(1);
    const bytes = `${await textOf(idOf(0))} `;
    const hash = backups[0]?.objects.data.sha256 ?? null;
    const kept = before === 'completed' || before === 'missing';
    catalog.add(idOf(0), before, kept ? { hash, committed: 1 } : {});
    if (kept) catalog.commits.set(idOf(0), { attempt: 1, bytes });
    await store.delete(backupJsonKey(idOf(0)));
    await sync({ adopt: true });
    expect(catalog.statusOf(idOf(0))).toBe(after);
    expect((await store.head(backupJsonKey(idOf(0)))) !== null).toBe(after === 'completed');
    // The record knows the very bytes.
    if (kept) expect(await textOf(idOf(0))).toBe(bytes);
  });

  it('a damaged one is not adopted', async () => {
    const { store, catalog, sync, idOf } = await world(1);
    await store.delete(backupJsonKey(idOf(0)));
    const key = `clinic/${idOf(0)}/1/data.hzn`;
    const { bytes } = await store.getBytes(key, 10_000_000);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 40) ^ 1, bytes.length - 40);
    await store.putBytes(key, bytes);
    const result = await sync({ adopt: true });
    expect(result).toMatchObject({ counts: { adopted: 0 }, problems: 1 });
    expect(result.reports[0]).toMatch(/not adopted: attempt 1 is not good/);
    expect(await store.head(backupJsonKey(idOf(0)))).toBeNull();
    expect(catalog.records.size).toBe(0);
  });

  it('one that a run may still hold waits until its lease stood still for long enough', async () => {
    const { store, clock, sync, idOf } = await world(1);
    await store.delete(backupJsonKey(idOf(0)));
    const lease = (counter: number) =>
      store.putBytes(
        leaseKey(idOf(0), 1),
        Buffer.from(JSON.stringify({ schema: 'hazina-lease/1', attempt: 1, counter, everySeconds: 900 })),
      );
    const later = (count: number) => ({ ...clock, now: () => new Date(clock.now().getTime() + count * hourMs) });
    await lease(3);
    expect(await sync({ adopt: true })).toMatchObject({
      problems: 1,
      reports: [expect.stringContaining('still alive')],
    });
    await lease(4);
    expect(await sync({ adopt: true }, { clock: later(2) })).toMatchObject({ counts: { adopted: 0 } });
    expect(await sync({ adopt: true }, { clock: later(2.9) })).toMatchObject({ counts: { adopted: 0 } });
    expect(await sync({ adopt: true }, { clock: later(3.1) })).toMatchObject({ counts: { adopted: 1 }, problems: 0 });
    expect(await store.head(leaseKey(idOf(0), 1))).toBeNull();
  });
});

async function entriesOf(store: ObjectStore, prefix: string) {
  const all = [];
  for await (const entry of store.list(prefix)) all.push(entry);
  return all;
}
