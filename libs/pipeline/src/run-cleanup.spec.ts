import { describe, expect, it } from '@jest/globals';
import { AppError, systemRandom, type BackupJson, type CleanupResult } from '#contracts';
import { generateKey, KeyRing, parseKey } from '#crypto';
import { createMemoryStore, type ObjectStore } from '#storage';
import {
  backupDeps,
  multiArchive,
  noAbort,
  putBackup,
  storeContents,
  testRing,
} from '../../../test/support/backup-world.js';
import { MemoryCatalog } from '../../../test/support/memory-catalog.js';
import { replaceCalls } from '../../../test/support/replace-calls.js';
import { runCleanup, type CleanupDeps, type CleanupRequest } from './run-cleanup.js';
import { writeMarks } from './write-marks.js';

const dayMs = 86_400_000;
const now = new Date('2026-11-30T12:00:00.000Z');
const clock = { now: () => now, monotonicMs: () => 0 };
const daysAgo = (days: number) => new Date(now.getTime() - days * dayMs);
const policy = {
  retentionDays: 30,
  keepLast: 0,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  withinBytes: 0,
  timezone: 'UTC',
  minKeep: 1,
};

/** Backups of the given ages in days, in the store and in a catalogue. */
async function world(...ages: number[]) {
  const store = createMemoryStore();
  const catalog = new MemoryCatalog();
  const backups: BackupJson[] = [];
  for (const age of ages) {
    const backup = await putBackup(store, daysAgo(age));
    backups.push(backup);
    catalog.add(backup);
  }
  const clean = (changes: Partial<CleanupRequest> = {}, deps: Partial<CleanupDeps> = {}): Promise<CleanupResult> =>
    runCleanup(
      { store, clock, observer: backupDeps(store).observer, catalog, ...deps },
      {
        target: null,
        dryRun: false,
        confirm: null,
        graceMs: dayMs,
        expectedStoreId: null,
        policyOf: () => ({ policy, intervalMs: dayMs }),
        ...changes,
      },
      noAbort,
    );
  const idOf = (at: number): string => backups[at]?.backupId ?? '';
  return { store, catalog, backups, clean, idOf };
}

const byId = ({ decisions }: CleanupResult, backupId: string) =>
  decisions.find((decision) => decision.backupId === backupId);
const without = (store: ObjectStore) => ({ store, clock, observer: backupDeps(store).observer });

describe('retention', () => {
  it('removes what expired, with its record, and says why of each', async () => {
    const { store, catalog, clean, idOf } = await world(0, 1, 31);
    const result = await clean();
    expect(result).toMatchObject({ dryRun: false, removed: 1, recordsPurged: 7, orphansRemoved: 0, reports: [] });
    expect(result.freedBytes).toBeGreaterThan(1000);
    expect(result.decisions).toHaveLength(3);
    expect(byId(result, idOf(2))).toMatchObject({ decision: 'remove', reasons: ['31 days old, and no rule keeps it'] });
    expect(catalog.statusOf(idOf(2))).toBe('deleted');
    expect((await storeContents(store)).filter((key) => key.includes(idOf(2)))).toEqual([]);
    expect(await clean()).toMatchObject({ removed: 0, freedBytes: 0 });
  });

  it('a dry run says the same and changes nothing', async () => {
    const { store, catalog, clean, idOf } = await world(0, 1, 31);
    await store.putBytes(`clinic/clinic-20200101T000000Z-aaaaaa/1/data.hzn`, Buffer.from('x'));
    const before = await storeContents(store);
    const result = await clean({ dryRun: true, graceMs: 0 });
    expect(result).toMatchObject({ dryRun: true, removed: 0, freedBytes: 0, orphansRemoved: 0, recordsPurged: 0 });
    expect(byId(result, idOf(2))?.decision).toBe('remove');
    expect(result.reports).toEqual([expect.stringContaining('would be removed')]);
    expect(await storeContents(store)).toEqual(before);
    expect(catalog.statusOf(idOf(2))).toBe('completed');
    expect(catalog.sightings).toEqual([]);
  });

  it('in a store without a clock a host clock that jumped ahead, and the backup that it made, let nothing go while the catalogue tells the time', async () => {
    const { store, catalog, clean, idOf } = await world(-300, 0, 1, 2, 3);
    const timeless = replaceCalls(store, { serverTime: () => Promise.resolve(null) });
    const ahead = { now: () => daysAgo(-300), monotonicMs: () => 0 };
    const deps = { store: timeless, clock: ahead };
    expect((await clean({ dryRun: true, confirm: 4 }, deps)).decisions.map(({ decision }) => decision)).toContain(
      'remove',
    );
    catalog.time = now;
    const result = await clean({ confirm: 4 }, deps);
    expect(result).toMatchObject({ removed: 0 });
    expect(byId(result, idOf(0))?.reasons).toEqual(['dated after the time that counts']);
    expect(byId(result, idOf(4))?.reasons).toEqual(['younger than 30 days']);
  });

  it('of over half needs its number confirmed', async () => {
    const { catalog, clean, idOf } = await world(0, 31, 32, 33);
    const refused = await clean();
    expect(refused).toMatchObject({ removed: 0 });
    expect(byId(refused, idOf(3))).toMatchObject({ decision: 'kept-by-refusal' });
    expect(await clean({ confirm: 3 })).toMatchObject({ removed: 3 });
    expect(catalog.statusOf(idOf(0))).toBe('completed');
  });

  it('keeps what marks, uses, failed runs or locks protect', async () => {
    const { store, catalog, clean, idOf } = await world(0, 1, 2, 31, 32, 33);
    await writeMarks({ store, clock }, idOf(3), { version: 1, pinned: true }, noAbort);
    const used = catalog.records.get(idOf(4));
    if (used !== undefined) used.usedBy = 'a restore';
    const locking = replaceCalls(store, {
      head: async (key) => {
        const head = await store.head(key);
        return head === null || !key.includes(idOf(5)) ? head : { ...head, lockedUntil: daysAgo(-1) };
      },
    });
    const result = await clean({}, { store: locking });
    expect([3, 4, 5].map((at) => byId(result, idOf(at))?.reasons)).toEqual([
      ['pinned'],
      ['in use: a restore'],
      ['locked until 2026-12-01T12:00:00.000Z'],
    ]);
    catalog.failing.add('clinic');
    const failing = await clean();
    expect(byId(failing, idOf(5))).toMatchObject({ decision: 'kept-by-refusal' });
    expect(failing.removed).toBe(0);
  });

  it('what the store refuses to remove stays a backup, is reported, and stops nothing else', async () => {
    const { store, catalog, clean, idOf } = await world(0, 1, 2, 31, 32);
    const refused = new AppError({ code: 'store/refused', stage: 'store', message: 'AccessDenied' });
    const refusing = replaceCalls(store, {
      delete: (key) => (key.includes(idOf(3)) ? Promise.reject(refused) : store.delete(key)),
    });
    const result = await clean({}, { store: refusing });
    expect(result).toMatchObject({ removed: 1 });
    expect(byId(result, idOf(3))).toMatchObject({ decision: 'kept-by-refusal' });
    expect(catalog.statusOf(idOf(3))).toBe('completed');
    expect(catalog.statusOf(idOf(4))).toBe('deleted');
  });

  it('removes nothing on half a listing, nor of another store', async () => {
    const { store, clean } = await world(0, 1, 31);
    const before = await storeContents(store);
    const away = new AppError({ code: 'store/unreachable', stage: 'store', retry: 'retry', message: 'away' });
    const breaking = replaceCalls(store, {
      list: async function* (prefix) {
        let given = 0;
        for await (const entry of store.list(prefix)) {
          if ((given += 1) > 5) throw away;
          yield entry;
        }
      },
    });
    await expect(clean({}, { store: breaking })).rejects.toBe(away);
    await expect(clean({ expectedStoreId: 'ab'.repeat(16) })).rejects.toMatchObject({ code: 'store/changed' });
    expect(await storeContents(store)).toEqual(before);
  });
});

describe('what is gone behind our back', () => {
  it('becomes missing, does not count as good, and is completed again when it is back', async () => {
    const { store, catalog, clean, idOf } = await world(0, 31);
    const key = `clinic/${idOf(0)}/1/data.hzn`;
    const { bytes } = await store.getBytes(key, 10_000_000);
    await store.delete(key);
    const result = await clean();
    expect(catalog.statusOf(idOf(0))).toBe('missing');
    expect(result.reports).toEqual([expect.stringContaining('is missing')]);
    expect(byId(result, idOf(1))?.reasons).toContain('the last good one');
    await store.putBytes(key, bytes);
    await clean();
    expect(catalog.statusOf(idOf(0))).toBe('completed');
  });

  it('a damaged backup.json is reported, never deleted, and no 404', async () => {
    const { store, catalog, clean, idOf } = await world(0, 1, 31);
    await store.putBytes(`clinic/${idOf(2)}/backup.json`, Buffer.from('{"schema":"hazina-backup/2"}'));
    await store.putBytes(`clinic/${idOf(2)}/2/data.hzn`, Buffer.from('x'));
    const before = await storeContents(store);
    const result = await clean({ graceMs: 0 });
    expect(result.reports).toEqual([expect.stringContaining('is damaged')]);
    expect(catalog.statusOf(idOf(2))).toBe('completed');
    expect(await storeContents(store)).toEqual(before);
  });

  it('a backup.json whose record is deleted goes again; one without a record is only reported', async () => {
    const { store, catalog, clean, idOf } = await world(0, 1, 2);
    const deleted = catalog.records.get(idOf(1));
    if (deleted !== undefined) deleted.status = 'deleted';
    catalog.records.delete(idOf(2));
    const result = await clean();
    expect(result.reports).toEqual([
      expect.stringContaining(`${idOf(2)} stands in the store without a record`),
      expect.stringContaining(`${idOf(1)} was deleted and stood there again`),
    ]);
    expect((await storeContents(store)).filter((key) => key.includes(idOf(1)))).toEqual([]);
    expect((await storeContents(store)).filter((key) => key.includes(idOf(2)))).toHaveLength(3);
  });
});

describe('without catalogue', () => {
  it('the bucket decides, and dates that the sealed manifest does not prove let nothing go', async () => {
    const { store, idOf } = await world(0, 1, 2, 31, 32);
    const key = `clinic/${idOf(1)}/backup.json`;
    const { bytes } = await store.getBytes(key, 100_000);
    const old = daysAgo(300).toISOString();
    await store.putBytes(
      key,
      Buffer.from(bytes.toString().replace(/"completedAt": "[^"]+"/, `"completedAt": "${old}"`)),
    );
    const bucket = { ...without(store), ring: testRing };
    const run = (deps: CleanupDeps, dryRun = false) =>
      runCleanup(
        deps,
        {
          target: 'clinic',
          dryRun,
          confirm: null,
          graceMs: dayMs,
          expectedStoreId: null,
          policyOf: () => ({ policy, intervalMs: null }),
        },
        noAbort,
      );
    const result = await run(bucket);
    expect(result).toMatchObject({ removed: 2, recordsPurged: 0 });
    expect(byId(result, idOf(1))).toMatchObject({ decision: 'keep' });
    expect(result.reports).toEqual([expect.stringContaining(`${idOf(1)} is kept and does not count as good`)]);
    const other = new KeyRing({ current: [parseKey(generateKey(systemRandom), 'other').key], retired: [] });
    expect((await run({ ...without(store), ring: other }, true)).decisions.map(({ decision }) => decision)).toEqual([
      'keep',
      'keep',
      'keep',
    ]);
  });

  it('a backup of one database by hand takes no place of one of all', async () => {
    const store = createMemoryStore();
    const several = { archive: multiArchive };
    const older = await putBackup(store, daysAgo(2), {}, several);
    const whole = await putBackup(store, daysAgo(1), {}, several);
    const parts = [
      await putBackup(store, daysAgo(1.5), { trigger: 'cli' }),
      await putBackup(store, daysAgo(0.5), { trigger: 'cli' }),
    ];
    expect([whole.databases.length > 1, parts.map(({ databases }) => databases)]).toEqual([
      true,
      [['fx_clinic'], ['fx_clinic']],
    ]);
    const deps = { ...without(store), ring: testRing };
    const request = { target: null, dryRun: true, confirm: 2, graceMs: dayMs, expectedStoreId: null };
    const policyOf = () => ({ policy: { ...policy, retentionDays: 0 }, intervalMs: null });
    const { decisions } = await runCleanup(deps, { ...request, policyOf }, noAbort);
    const kept = decisions.flatMap(({ backupId, decision }) => (decision === 'keep' ? [backupId] : []));
    expect(kept.sort()).toEqual([whole.backupId, parts[1]?.backupId].sort());
    expect(decisions.find(({ backupId }) => backupId === older.backupId)?.decision).toBe('remove');
  });

  it('foreign names are reported and left alone, and no fake with a newer date counts', async () => {
    const { store, idOf } = await world(0, 31);
    for (const key of ['clinic/readme.txt', 'clinic/latest', 'other', `clinic/${idOf(0)}/1/notes.txt`])
      await store.putBytes(key, Buffer.from(''));
    const fake = 'clinic-29990101T000000Z-aaaaaa';
    const { bytes } = await store.getBytes(`clinic/${idOf(1)}/backup.json`, 100_000);
    await store.putBytes(`clinic/${fake}/backup.json`, Buffer.from(bytes.toString().replaceAll(idOf(1), fake)));
    await store.delete(`clinic/${idOf(0)}/1/data.hzn`);
    const result = await runCleanup(
      { ...without(store), ring: testRing },
      {
        target: null,
        dryRun: false,
        confirm: null,
        graceMs: dayMs,
        expectedStoreId: null,
        policyOf: () => ({ policy, intervalMs: null }),
      },
      noAbort,
    );
    expect(result.removed).toBe(0);
    expect(byId(result, idOf(1))?.reasons).toContain('the last good one');
    expect(result.reports.filter((text) => text.includes('no name of ours'))).toHaveLength(4);
  });
});
