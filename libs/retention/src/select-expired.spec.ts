import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { modelReasons } from '../../../test/support/retention-model.js';
import { retentionTimes } from './retention-now.js';
import { selectExpired } from './select-expired.js';
import type { RetentionPolicy, RetentionRecord } from './types.js';

/** The newest first, each with what becomes of it and why: all of that is asserted. */
interface GoldenCase {
  readonly name: string;
  readonly policy: Partial<RetentionPolicy>;
  readonly now: string;
  readonly backups: readonly (Partial<Omit<RetentionRecord, 'lockedUntil'>> & {
    readonly id: string;
    readonly at: string;
    readonly lockedUntil?: string;
    readonly expected: { readonly kept: readonly string[] } | { readonly deleted: string };
  })[];
}

const off: RetentionPolicy = {
  retentionDays: 0,
  keepLast: 0,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  withinBytes: 0,
  timezone: 'UTC',
  minKeep: 3,
};
const cases = JSON.parse(readFileSync(new URL('golden-cases.json', import.meta.url), 'utf8')) as GoldenCase[];
const removedOf = (policy: RetentionPolicy, records: readonly RetentionRecord[], now: Date) =>
  selectExpired(policy, records, () => now)
    .filter(({ decision }) => decision === 'remove')
    .map(({ backupId }) => backupId);

describe('golden cases', () => {
  it.each(cases.map((golden) => [golden.name, golden] as const))('%s', (_name, { policy, now, backups }) => {
    const records = backups.map(({ id, at, lockedUntil, expected: _expected, ...rest }): RetentionRecord => ({
      backupId: id,
      target: 'clinic',
      completedAt: new Date(at),
      bytes: 1000,
      pinned: false,
      usedBy: null,
      good: true,
      verified: rest.good !== false,
      ...rest,
      lockedUntil: lockedUntil === undefined ? null : new Date(lockedUntil),
    }));
    const found = selectExpired({ ...off, ...policy }, records, () => new Date(now)).map(
      ({ backupId, decision, reasons }) => ({
        id: backupId,
        expected: decision === 'keep' ? { kept: reasons } : { deleted: reasons.join('; ') },
      }),
    );
    expect(found).toEqual(backups.map(({ id, expected }) => ({ id, expected })));
  });

  it('say of every reason that there is, once kept by it alone', () => {
    const alone = cases.flatMap(({ backups }) =>
      backups.flatMap(({ expected }) => ('kept' in expected && expected.kept.length === 1 ? expected.kept : [])),
    );
    for (const reason of [
      ...[
        /^pinned$/,
        /^in use: /,
        /^locked until /,
        /^dated after /,
        /^younger than /,
        /^one of the last /,
        /^hourly /,
      ],
      ...[
        /^daily /,
        /^weekly, /,
        /^monthly /,
        /^yearly /,
        /^within /,
        /^the last good/,
        /^the last verified/,
        /always kept$/,
      ],
    ])
      expect({ reason, stands: alone.some((one) => reason.test(one)) }).toEqual({ reason, stands: true });
  });
});

const now = new Date('2026-11-30T12:00:00.000Z');
const hourMs = 3_600_000;
/** Up to two years back, and a day ahead. */
const times = fc.integer({ min: -17_520, max: 24 }).map((hours) => new Date(now.getTime() + hours * hourMs));
const recordsOf = (good: fc.Arbitrary<boolean>) =>
  fc
    .array(
      fc.record({
        completedAt: times,
        bytes: fc.nat(1000),
        pinned: fc.constantFrom(false, false, false, true),
        usedBy: fc.constantFrom(null, null, null, 'a restore'),
        good,
        verified: fc.boolean(),
        series: fc.constantFrom('', '', '', 'billing'),
        lockedUntil: fc.option(times, { freq: 5 }),
      }),
      { maxLength: 60 },
    )
    .map((some) => some.map((record, at): RetentionRecord => ({ ...record, backupId: `b${at}`, target: 'clinic' })));
const records = recordsOf(fc.boolean());
const policies = fc.record({
  retentionDays: fc.nat(60),
  keepLast: fc.nat(5),
  hourly: fc.nat(48),
  daily: fc.nat(14),
  weekly: fc.nat(8),
  monthly: fc.nat(12),
  yearly: fc.nat(3),
  withinBytes: fc.nat(8000),
  timezone: fc.constantFrom('UTC', 'Europe/Zurich', 'America/St_Johns', 'Asia/Kathmandu', 'Australia/Lord_Howe'),
  minKeep: fc.nat(5),
});
const property = <T extends [unknown, ...unknown[]]>(
  values: { [K in keyof T]: fc.Arbitrary<T[K]> },
  holds: (...args: T) => void,
) => fc.assert(fc.property(...(values as never as [fc.Arbitrary<T[0]>]), holds as never), { numRuns: 500 });

describe('whatever the backups and the policy', () => {
  it('the last good one stays, and never fewer than minKeep', () =>
    property<[RetentionRecord[], RetentionPolicy]>([records, policies], (some, policy) => {
      const removed = new Set(removedOf(policy, some, now));
      const past = some.filter(({ completedAt }) => completedAt <= now);
      const newestGood = Math.max(...past.filter(({ good }) => good).map(({ completedAt }) => completedAt.getTime()));
      if (newestGood > -Infinity)
        expect(
          past.some(
            ({ backupId, good, completedAt }) => good && completedAt.getTime() === newestGood && !removed.has(backupId),
          ),
        ).toBe(true);
      expect(some.length - removed.size).toBeGreaterThanOrEqual(Math.min(Math.max(1, policy.minKeep), past.length));
    }));

  it('what stays is what a model keeps, in each series by itself', () =>
    property<[RetentionRecord[], RetentionPolicy]>([records, policies], (some, policy) => {
      const expected = some.filter((record) => modelReasons(record, some, policy, now).length === 0);
      expect(removedOf(policy, some, now).sort()).toEqual(expected.map(({ backupId }) => backupId).sort());
    }));

  it.each([
    ['Australia/Lord_Howe', '2026-10-03T15:30:00.000Z'],
    ['Australia/Lord_Howe', '2027-04-03T15:00:00.000Z'],
    ['America/St_Johns', '2026-11-01T04:30:00.000Z'],
    ['Europe/Zurich', '2027-03-28T01:00:00.000Z'],
  ])('where clocks are moved, hours are those that a model keeps: %s, %s', (timezone, moved) => {
    const minutes = fc.integer({ min: -300, max: 300 });
    fc.assert(
      fc.property(fc.array(minutes, { maxLength: 30 }), minutes, fc.integer({ min: 1, max: 9 }), (ages, at, hourly) => {
        const from = (offset: number) => new Date(new Date(moved).getTime() + offset * 60_000);
        const rules = { ...off, timezone, hourly, minKeep: 1 };
        const some = ages.map((age, index): RetentionRecord => ({
          ...{ backupId: `b${index}`, target: 'clinic', completedAt: from(age), bytes: 1, pinned: false },
          ...{ usedBy: null, good: true, verified: false, lockedUntil: null },
        }));
        const expected = some.filter((record) => modelReasons(record, some, rules, from(at)).length === 0);
        expect(removedOf(rules, some, from(at)).sort()).toEqual(expected.map(({ backupId }) => backupId).sort());
      }),
      { numRuns: 500 },
    );
  });

  it('nothing pinned, used, locked or of the future goes, and everything has a reason', () =>
    property<[RetentionRecord[], RetentionPolicy]>([records, policies], (some, policy) => {
      const removed = new Set(removedOf(policy, some, now));
      for (const record of some.filter(({ backupId }) => removed.has(backupId))) {
        expect([record.pinned, record.usedBy]).toEqual([false, null]);
        expect(record.completedAt <= now && !(record.lockedUntil !== null && record.lockedUntil > now)).toBe(true);
      }
      const decisions = selectExpired(policy, some, () => now);
      expect(decisions.map(({ backupId }) => backupId).sort()).toEqual(some.map(({ backupId }) => backupId).sort());
      expect(decisions.every(({ reasons }) => reasons.length > 0)).toBe(true);
    }));

  it('the same purge again removes nothing', () =>
    property<[RetentionRecord[], RetentionPolicy]>([records, policies], (some, policy) => {
      const removed = new Set(removedOf(policy, some, now));
      const rest = some.filter(({ backupId }) => !removed.has(backupId));
      expect(removedOf(policy, rest, now)).toEqual([]);
    }));

  it('a policy that keeps more removes no backup more', () =>
    property<[RetentionRecord[], RetentionPolicy, RetentionPolicy]>([records, policies, policies], (some, a, b) => {
      const larger = Object.fromEntries(
        Object.entries({ ...a, timezone: 0 }).map(([name, value]) => [
          name,
          name === 'timezone' ? a.timezone : Math.max(value, Number(b[name as keyof RetentionPolicy])),
        ]),
      ) as never as RetentionPolicy;
      const removed = new Set(removedOf(a, some, now));
      for (const backupId of removedOf(larger, some, now)) expect(removed.has(backupId)).toBe(true);
    }));

  it('what goes now would go later too, when nothing was added', () =>
    property<[RetentionRecord[], RetentionPolicy, number]>([records, policies, fc.nat(1000)], (some, policy, hours) => {
      const past = some.filter(({ completedAt }) => completedAt <= now);
      const later = new Set(removedOf(policy, past, new Date(now.getTime() + hours * hourMs)));
      for (const backupId of removedOf(policy, past, now)) expect(later.has(backupId)).toBe(true);
    }));

  it('garbage that is not good, whatever its dates, changes nothing for a good one', () =>
    property<[RetentionRecord[], RetentionRecord[], RetentionPolicy]>(
      [recordsOf(fc.constant(true)), recordsOf(fc.constant(false)), policies],
      (some, garbage, policy) => {
        const before = removedOf(policy, some, now);
        const flooded = [...some, ...garbage.map((record) => ({ ...record, backupId: `garbage-${record.backupId}` }))];
        const after = removedOf(policy, flooded, now).filter((backupId) => !backupId.startsWith('garbage'));
        expect(after.sort()).toEqual(before.sort());
      },
    ));

  it('a new backup removes no more than it justifies: one older one for each rule at most, and none when it is not good', () =>
    property<[RetentionRecord[], RetentionRecord[], RetentionPolicy]>(
      [records, records, policies],
      (some, more, policy) => {
        const [added] = more;
        if (added === undefined) return;
        const counted = { ...policy, withinBytes: 0 };
        const fresh = { ...added, backupId: 'added' };
        const before = new Set(removedOf(counted, some, now));
        const dated = new Map(some.map(({ backupId, completedAt }) => [backupId, completedAt]));
        const newly = removedOf(counted, [...some, fresh], now).filter((id) => id !== 'added' && !before.has(id));
        // Last good, last verified, minKeep, keepLast, five windows.
        expect(newly.length).toBeLessThanOrEqual(fresh.good ? 9 : 1);
        // Only minKeep takes bad ones, and there a good one goes before them whatever its date.
        for (const id of newly)
          if (some.find(({ backupId }) => backupId === id)?.good === true) {
            expect(fresh.good).toBe(true);
            expect(Number(dated.get(id))).toBeLessThanOrEqual(fresh.completedAt.getTime());
          }
      },
    ));

  it('a new backup removes no more bytes than it takes, beside one for each of four rules, and none that is good when it is not', () =>
    property<[RetentionRecord[], RetentionRecord[], number, number, number]>(
      [records, records, fc.nat(8000), fc.integer({ min: 1, max: 16_000 }), fc.nat(5)],
      (some, more, bytes, withinBytes, minKeep) => {
        const [added] = more;
        if (added === undefined) return;
        const within = { ...off, withinBytes, minKeep };
        const fresh = { ...added, backupId: 'added', bytes };
        const before = new Set(removedOf(within, some, now));
        const after = new Set(removedOf(within, [...some, fresh], now));
        const newly = some.filter(({ backupId }) => after.has(backupId) && !before.has(backupId));
        // Last good, last verified, minKeep, and the one that the bytes of the new one cut in two.
        const beyond = newly
          .map((record) => record.bytes)
          .sort((a, b) => b - a)
          .slice(4);
        expect(beyond.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(fresh.bytes);
        for (const record of newly.filter(({ good }) => good)) {
          expect(fresh.good && fresh.completedAt <= now).toBe(true);
          expect(Number(record.completedAt)).toBeLessThanOrEqual(fresh.completedAt.getTime());
        }
      },
    ));

  it('the order in which they are given does not matter', () =>
    property<[RetentionRecord[], RetentionPolicy, number]>([records, policies, fc.nat()], (some, policy, seed) => {
      const shuffled = some
        .map((record, at) => ({ record, place: (at * 7919 + seed) % 61 }))
        .sort((a, b) => a.place - b.place)
        .map(({ record }) => record);
      expect(selectExpired(policy, shuffled, () => now)).toEqual(selectExpired(policy, some, () => now));
    }));

  it('a clock that jumps ahead removes nothing that two intervals after the newest good one would not, and one that jumps back nothing that the true one would not', () =>
    property<[RetentionRecord[], RetentionPolicy, number, number]>(
      [recordsOf(fc.constant(true)), policies, fc.nat(50_000), fc.nat(20_000)],
      (some, policy, ahead, back) => {
        const intervalMs = 24 * hourMs;
        const past = some.filter(({ completedAt }) => completedAt <= now);
        if (past.length === 0) return;
        const newest = Math.max(...past.map(({ completedAt }) => completedAt.getTime()));
        const at = (clock: Date) => retentionTimes(past, { clock, storeTime: null, intervalMs })('');
        const jumped = removedOf(policy, past, at(new Date(now.getTime() + ahead * hourMs)));
        const late = new Set(removedOf(policy, past, new Date(newest + 2 * intervalMs)));
        const onTime = new Set(removedOf(policy, past, at(now)));
        for (const backupId of jumped) expect(late.has(backupId)).toBe(true);
        for (const backupId of removedOf(policy, past, at(new Date(now.getTime() - back * hourMs))))
          expect(onTime.has(backupId)).toBe(true);
      },
    ));
});
