import { beforeEach, describe, expect, it } from '@jest/globals';
import { createMemoryStore, type ObjectStore } from '#storage';
import { noAbort, putBackup } from '../../../../test/support/backup-world.js';
import { replaceCalls } from '../../../../test/support/replace-calls.js';
import { marksKey } from '../objects/keys.js';
import { writeMarks } from '../write-marks.js';
import { findLostCopies } from './find-lost-copies.js';
import { expireCopies, type CopiesCatalog, type ExpireCopiesRequest, type StandingCopy } from './expire-copies.js';

const now = new Date('2026-11-20T12:00:00.000Z');
const clock = { now: () => now, monotonicMs: () => 0 };
const ageOf = (days: number) => new Date(now.getTime() - days * 86_400_000);
const idOf = (days: number): string => `clinic-${ageOf(days).toISOString().replace(/[-:]/g, '').slice(0, 15)}Z-aaaaaa`;

let store: ObjectStore;
let standing: StandingCopy[];
let begun: string[];
let failing: boolean;
let catalogTime: Date | null;
beforeEach(() => {
  store = createMemoryStore();
  standing = [];
  begun = [];
  failing = false;
  catalogTime = null;
});

const copies: CopiesCatalog = {
  recorded: () => Promise.resolve([]),
  standing: () => Promise.resolve(standing),
  lastRunsFailed: () => Promise.resolve(failing),
  serverTime: () => Promise.resolve(catalogTime),
  beginRemove: (copyId) => Promise.resolve(begun.push(copyId) > 0),
};

/** Copies of these ages in days. */
function stand(...ages: number[]): void {
  for (const days of ages)
    standing.push({
      ...{
        copyId: `vault/${idOf(days)}`,
        backupId: idOf(days),
        target: 'clinic',
        completedAt: ageOf(days),
        bytes: 1000,
      },
      ...{ pinned: false, usedBy: null, good: true, verified: true, lockedUntil: null, outlived: false },
    });
}

const windows = { keepLast: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, withinBytes: 0 };
const month = { ...windows, retentionDays: 30, minKeep: 1, timezone: 'UTC' };
const none: ReadonlySet<string> = new Set();
const expire = async (
  request: Partial<ExpireCopiesRequest> = {},
  from = store,
  beginRemove = (copyId: string) => copies.beginRemove(copyId),
) => {
  const expired: string[] = [];
  const damaged: { backupId: string; code: string }[] = [];
  const plan = await expireCopies(
    {
      ...{ store: from, clock, copies: { ...copies, beginRemove } },
      onExpired: ({ backupId }) => expired.push(backupId),
      onDamaged: (backupId, { code }) => damaged.push({ backupId, code }),
    },
    { dryRun: false, confirm: null, policyOf: () => ({ policy: month, intervalMs: null }), lost: none, ...request },
    noAbort,
  );
  return { ...plan, expired, damaged };
};

describe("a destination's retention", () => {
  it('gives what its rules let go to the workers; the dry run tells the same and gives nothing', async () => {
    stand(1, 2, 3, 40, 41);
    const dry = await expire({ dryRun: true });
    expect([dry.expired, begun]).toEqual([[idOf(40), idOf(41)], []]);
    const run = await expire();
    expect(run).toEqual(dry);
    expect(begun).toEqual([`vault/${idOf(40)}`, `vault/${idOf(41)}`]);
  });

  it('goes by the time of the catalogue where that is the earliest', async () => {
    stand(1, 2, 3, 40, 41);
    const dates = async (time: Date | null) => {
      catalogTime = time;
      return (await expire({ dryRun: true })).expired;
    };
    expect(await dates(ageOf(0.5))).toEqual([idOf(40), idOf(41)]);
    expect(await dates(ageOf(10.5))).toEqual([idOf(41)]);
    expect(await dates(ageOf(20))).toEqual([]);
    expect(await dates(ageOf(-20))).toEqual([idOf(40), idOf(41)]);
  });

  it('lets nothing go when that is over half, until exactly the number is confirmed', async () => {
    stand(1, 40, 41);
    expect(await expire()).toMatchObject({ expired: [], wanted: 2, confirmationNeeded: true });
    expect(await expire({ confirm: 1 })).toMatchObject({ expired: [], confirmationNeeded: true });
    expect(begun).toEqual([]);
    expect(await expire({ confirm: 2 })).toMatchObject({ expired: [idOf(40), idOf(41)], confirmationNeeded: false });
  });

  it('keeps what the marks there pin, and what they may pin; neither counts as going', async () => {
    stand(1, 40, 41, 42);
    await putBackup(store, ageOf(40), { backupId: idOf(40) });
    await writeMarks({ store, clock }, idOf(40), { version: 1, pinned: true, label: null }, noAbort);
    await store.putBytes(marksKey(idOf(41)), Buffer.from('{'));
    const { expired, damaged, decisions } = await expire();
    expect(expired).toEqual([idOf(42)]);
    expect(damaged).toEqual([{ backupId: idOf(41), code: 'backup/damaged' }]);
    expect(decisions.find(({ backupId }) => backupId === idOf(41))).toMatchObject({
      decision: 'keep',
      reasons: ['pinned'],
    });
  });

  it('keeps what the destination locks', async () => {
    stand(1, 2, 40);
    await store.putBytes(`clinic/${idOf(40)}/1/data.hzn`, Buffer.alloc(10));
    const lockedUntil = new Date(now.getTime() + 1000);
    const head: ObjectStore['head'] = async (key) => {
      const found = await store.head(key);
      return found === null ? null : { ...found, lockedUntil };
    };
    const { expired, decisions } = await expire({}, replaceCalls(store, { head }));
    expect(expired).toEqual([]);
    expect(decisions.find(({ backupId }) => backupId === idOf(40))?.reasons).toEqual([
      `locked until ${lockedUntil.toISOString()}`,
    ]);
  });

  it('keeps everything of a target that nobody knows, or whose last runs failed, and passes over what was not listed', async () => {
    stand(1, 2, 3, 40, 41);
    expect((await expire({ policyOf: () => null })).expired).toEqual([]);
    failing = true;
    expect((await expire()).decisions.filter(({ decision }) => decision === 'kept-by-refusal')).toHaveLength(2);
    failing = false;
  });

  it('a copy that is not there protects no other, and is not counted', async () => {
    stand(1, 2, 40, 41);
    expect((await expire({ lost: new Set([idOf(1), idOf(2)]) })).decisions).toMatchObject([
      { backupId: idOf(40), decision: 'keep' },
      { backupId: idOf(41), decision: 'remove' },
    ]);
    expect(begun).toEqual([`vault/${idOf(41)}`]);
  });

  it('a pin that comes, and a copy that changes, while others are looked at: both stay, and say so', async () => {
    stand(1, 2, 3, 4, 40, 41, 42);
    for (const days of [41, 42]) await putBackup(store, ageOf(days), { backupId: idOf(days) });
    const beginRemove = async (copyId: string): Promise<boolean> => {
      const pin = { version: 1, pinned: true, label: null };
      for (const days of [41, 42]) await writeMarks({ store, clock }, idOf(days), pin, noAbort);
      return copyId !== `vault/${idOf(40)}`;
    };
    const { expired, decisions } = await expire({}, store, beginRemove);
    expect(expired).toEqual([]);
    const kept = decisions.filter(({ decision }) => decision === 'kept-by-refusal');
    const rule = expect.stringContaining('no rule keeps it') as unknown;
    expect(kept.map(({ backupId, reasons }) => [backupId, reasons])).toEqual([
      [idOf(40), [rule, 'it changed meanwhile']],
      [idOf(41), [rule, 'pinned']],
      [idOf(42), [rule, 'pinned']],
    ]);
  });
});

describe('copies that a listing does not show', () => {
  it('lack a commit mark, data or manifest; of a record that is gone only the mark is asked for', async () => {
    for (const key of ['backup.json', '1/data.hzn', '1/manifest.hzn'])
      await store.putBytes(`clinic/${idOf(1)}/${key}`, Buffer.alloc(1));
    for (const key of ['backup.json', '1/data.hzn']) await store.putBytes(`clinic/${idOf(2)}/${key}`, Buffer.alloc(1));
    const recorded = [1, 2, 3].map((days) => ({ backupId: idOf(days), attempt: 1 }));
    expect([...(await findLostCopies(store, recorded, noAbort))]).toEqual([idOf(2), idOf(3)]);
    expect([...(await findLostCopies(store, [{ backupId: idOf(2), attempt: null }], noAbort))]).toEqual([]);
  });
});
