import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { modelNow, modelReasons, modelRefusesTarget } from '../../../test/support/retention-model.js';
import { planRetention, type RetentionTarget } from './plan-retention.js';
import { refusalIn } from './refusal.js';
import { retentionTimes } from './retention-now.js';
import type { RetentionPolicy, RetentionRecord } from './types.js';

const dayMs = 86_400_000;
const clock = new Date('2026-11-30T12:00:00.000Z');
const daysAgo = (days: number) => new Date(clock.getTime() - days * dayMs);
const record = (days: number, changes: Partial<RetentionRecord> = {}): RetentionRecord => ({
  backupId: `d${days}`,
  target: 'clinic',
  completedAt: daysAgo(days),
  bytes: 1000,
  pinned: false,
  usedBy: null,
  good: true,
  verified: true,
  lockedUntil: null,
  ...changes,
});
const policy: RetentionPolicy = {
  retentionDays: 30,
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
const target = (records: RetentionRecord[], changes: Partial<RetentionTarget> = {}): RetentionTarget => ({
  target: 'clinic',
  policy,
  intervalMs: dayMs,
  records,
  lastRunsFailed: false,
  ...changes,
});
const run = { clock, storeTime: null, confirm: null };
const decisionsOf = (targets: RetentionTarget[], changes: { confirm?: number } = {}) =>
  planRetention(targets, { ...run, ...changes }).decisions.map(({ decision }) => decision);

describe('now', () => {
  it.each([
    ['the clock', [record(0)], null, dayMs, clock],
    ['the store’s Date, when the clock has jumped ahead', [record(0)], daysAgo(1), dayMs, daysAgo(1)],
    [
      'two intervals after the newest good one, when backups have stopped',
      [record(40), record(41)],
      null,
      dayMs,
      daysAgo(38),
    ],
    ['not moved by a bad one', [record(40), record(1, { good: false })], null, dayMs, daysAgo(38)],
    ['not moved by a part', [record(40), record(1, { series: 'billing' })], null, dayMs, daysAgo(38)],
    ['moved by parts where there is nothing else', [record(1, { series: 'billing' })], null, dayMs, clock],
    ['not moved by one of the future', [record(40), record(-900)], null, dayMs, daysAgo(38)],
    ['the clocks, where no interval is known', [record(40)], null, null, clock],
    ['the clocks, where there is no good one', [record(40, { good: false })], null, dayMs, clock],
  ] as const)('is %s', (_name, records, storeTime, intervalMs, expected) => {
    expect(retentionTimes(records, { clock, storeTime, intervalMs })('')).toEqual(expected);
  });

  it('of a part goes on with its own backups, too, where those of all have stopped; of all it does not', () => {
    const part = (days: number) => record(days, { backupId: `p${days}`, series: 'shop' });
    const times = retentionTimes([record(40), part(3), part(60)], { clock, storeTime: null, intervalMs: dayMs });
    expect([times(''), times('shop'), times('other')]).toEqual([daysAgo(38), daysAgo(1), daysAgo(38)]);
    // So the old ones of a part that is made on go, as they do of a target; those of all stay.
    const records = [...[40, 45, 50, 55, 60].map((days) => record(days)), ...[3, 4, 5, 6, 45].map(part)];
    const { decisions } = planRetention([target(records)], run);
    expect(decisions.flatMap(({ decision, backupId }) => (decision === 'remove' ? [backupId] : []))).toEqual(['p45']);
  });
});

describe('a run', () => {
  it('removes what no rule keeps', () => {
    const records = [0, 1, 2, 3, 31].map((days) => record(days));
    expect(decisionsOf([target(records)])).toEqual(['keep', 'keep', 'keep', 'keep', 'remove']);
  });

  it('of a target whose own backups have stopped counts the parts of the last day as all others', () => {
    const parts = (...days: number[]) => days.map((day) => record(day, { series: 'shop' }));
    const stopped = [record(40), ...parts(0.1, 0.2, 0.3, 0.4, 0.5), ...parts(41, 42, 43, 44, 45, 46, 47, 48)];
    const busy = Array.from({ length: 20 }, (_, at) => record(at, { target: 'busy', backupId: `busy-${at}` }));
    const { decisions } = planRetention([target(stopped), target(busy, { target: 'busy' })], run);
    expect(decisions.filter(({ decision }) => decision === 'kept-by-refusal')).toHaveLength(8);
    expect(decisions.filter(({ decision }) => decision === 'remove')).toEqual([]);
    // Where they go on, those of the last day are its daily work, as before.
    const goesOn = planRetention([target([record(0.6), ...stopped]), target(busy, { target: 'busy' })], run);
    expect(goesOn.decisions.filter(({ decision }) => decision === 'remove').length).toBeGreaterThan(0);
  });

  it('that would remove over half is refused, unless exactly that number was confirmed', () => {
    const records = [0, 1, 2, 31, 32, 33, 34].map((days) => record(days));
    const plan = planRetention([target(records)], run);
    expect(plan).toMatchObject({ wanted: 4, confirmationNeeded: true });
    expect(plan.decisions.at(-1)).toMatchObject({
      decision: 'kept-by-refusal',
      reasons: [expect.any(String), expect.stringContaining('confirm the number 4')],
    });
    expect(decisionsOf([target(records)], { confirm: 3 })).not.toContain('remove');
    expect(decisionsOf([target(records)], { confirm: 4 }).filter((decision) => decision === 'remove')).toHaveLength(4);
    expect(decisionsOf([target(records.slice(0, 6))]).filter((decision) => decision === 'remove')).toHaveLength(3);
  });

  it('takes the share of the good ones too: garbage does not water it down', () => {
    const records = [0, 31, 32, 33].map((days) => record(days));
    const garbage = Array.from({ length: 20 }, (_, at) => record(1 + at, { backupId: `g${at}`, good: false }));
    const one = { ...policy, minKeep: 1 };
    expect(decisionsOf([target([...records, ...garbage], { policy: one })])).not.toContain('remove');
  });

  it('removes nothing of a target whose last three runs failed, and goes on with the others', () => {
    const records = [0, 1, 2, 31].map((days) => record(days));
    const other = records.map((one) => ({ ...one, target: 'shop' }));
    const decisions = decisionsOf([target(records, { lastRunsFailed: true }), target(other, { target: 'shop' })]);
    expect(decisions).toEqual(['keep', 'keep', 'keep', 'kept-by-refusal', 'keep', 'keep', 'keep', 'remove']);
  });

  it('keeps everything of a target that has no policy', () => {
    expect(decisionsOf([target([record(0), record(900)], { policy: null })])).toEqual(['keep', 'keep']);
  });
});

describe('a target that alone would lose over half', () => {
  const one = { ...policy, retentionDays: 1, minKeep: 1 };
  const ofTarget = (name: string, days: readonly number[], changes: Partial<RetentionTarget> = {}) =>
    target(
      days.map((age) => record(age, { target: name, backupId: `${name}${age}` })),
      { target: name, ...changes },
    );
  const upTo = (count: number) => Array.from({ length: count }, (_, at) => at);
  const healthy = upTo(9).map((at) => ofTarget(`t${at}-`, upTo(30)));
  const aged = ofTarget('old-', [0, 1, 2, 31]);
  const removedOf = (targets: readonly RetentionTarget[], changes: { confirm?: number; dryRun?: boolean } = {}) =>
    planRetention(targets, { ...run, ...changes })
      .decisions.filter(({ decision }) => decision === 'remove')
      .map(({ backupId }) => backupId);

  it('is refused by itself, and told with the number; the others go on', () => {
    const fleet = [...healthy, aged, ofTarget('hit', upTo(30), { policy: one })];
    const plan = planRetention(fleet, run);
    expect(plan).toMatchObject({ wanted: 30, confirmationNeeded: true });
    expect(removedOf(fleet)).toEqual(['old-31']);
    const words = (number: number) =>
      `of the target hit 29 of 30 would go, which is over half: confirm the number ${number} if that is meant`;
    // What went is gone when somebody confirms the rest; after a dry run it is not.
    expect(refusalIn(plan.decisions)).toEqual({ isWhole: false, reason: words(29) });
    expect(refusalIn(planRetention(fleet, { ...run, dryRun: true }).decisions)?.reason).toBe(words(30));
    expect(removedOf(fleet, { confirm: 29 })).toEqual(['old-31']);
    expect(removedOf(fleet, { confirm: 30 })).toHaveLength(30);
  });

  it('is named beside others of which that is true, too', () => {
    const two = ['a', 'b'].map((name) => ofTarget(name, [0, 5, 6], { policy: one }));
    const { reason, isWhole } = refusalIn(planRetention([...healthy, ...two], run).decisions) ?? {};
    expect(isWhole).toBe(false);
    expect(reason).toMatch(/^of the target a 2 of 3 .*number 4.*; of the target b 2 of 3 .*number 4/);
    expect(refusalIn(planRetention(two, run).decisions)).toMatchObject({ isWhole: true });
  });

  it.each([
    ['one that keeps one, once a day', { keepLast: 1 }, upTo(2), 1],
    ['one that keeps three, once a day', { keepLast: 3 }, upTo(4), 1],
    ['one that keeps three, every hour', { keepLast: 3 }, upTo(27).map((hour) => hour / 24), 24],
    ['one of every quarter of an hour with windows', { hourly: 12 }, upTo(108).map((at) => at / 96), 96],
  ])('%s, is not refused day by day', (_name, rules, ages, removed) => {
    const steady = ofTarget('steady', ages, {
      policy: { ...policy, retentionDays: 0, minKeep: 1, ...rules },
      intervalMs: (ages[1] ?? 1) * dayMs,
    });
    expect(removedOf([...healthy, steady]).length).toBeGreaterThanOrEqual(removed);
    expect(planRetention([...healthy, steady], run).confirmationNeeded).toBe(false);
  });

  it('old ones are protected from a policy that keeps one of a target that is backed up every hour, too', () => {
    const months = upTo(20).map((at) => 40 + 30 * at);
    const hit = ofTarget('hit', [...upTo(24).map((hour) => hour / 24), ...months], {
      policy: { ...one, retentionDays: 0 },
    });
    expect(removedOf([...healthy, hit])).toEqual([]);
  });

  it('the same says a model, of whatever targets', () => {
    const ages = fc.array(fc.record({ hours: fc.integer({ min: -5, max: 200 }), good: fc.boolean() }), {
      maxLength: 20,
    });
    const fleets = fc.array(fc.record({ ages, keepLast: fc.nat(5), days: fc.nat(4) }), { minLength: 1, maxLength: 5 });
    let refusedAlone = 0;
    fc.assert(
      fc.property(fleets, (fleet) => {
        const targets = fleet.map(({ ages: some, keepLast, days }, at) =>
          target(
            some.map(({ hours, good }, index) =>
              record(hours / 24, { target: `t${at}`, backupId: `t${at}-${index}`, good }),
            ),
            { target: `t${at}`, policy: { ...policy, retentionDays: days, keepLast, minKeep: 1 } },
          ),
        );
        const plan = planRetention(targets, run);
        const wants = targets.map(({ records, policy: rules }) => {
          const now = modelNow(records, [clock], dayMs);
          const goes = records.filter((one) => rules && modelReasons(one, records, rules, now).length === 0);
          const ids = new Set(goes.map(({ backupId }) => backupId));
          return { records, ids, isRefused: ids.size > 0 && modelRefusesTarget(records, ids, now) };
        });
        const wanted = wants.flatMap(({ ids }) => [...ids]);
        const all = targets.flatMap(({ records }) => records);
        const good = all.filter((one) => one.good);
        const isWhole =
          wanted.length > all.length / 2 ||
          good.filter(({ backupId }) => wanted.includes(backupId)).length > good.length / 2;
        const expected = isWhole ? [] : wants.flatMap(({ ids, isRefused }) => (isRefused ? [] : [...ids]));
        if (!isWhole && wants.some(({ isRefused }) => isRefused)) refusedAlone += 1;
        expect(plan.wanted).toBe(wanted.length);
        expect(removedOf(targets).sort()).toEqual([...expected].sort());
        expect(removedOf(targets, { confirm: wanted.length }).sort()).toEqual([...wanted].sort());
      }),
      { numRuns: 500 },
    );
    expect(refusedAlone).toBeGreaterThan(20);
  });
});

describe('two hundred days of a backup of all each night, and of one database by hand each afternoon', () => {
  const rules = { ...policy, retentionDays: 1, daily: 14, weekly: 8, monthly: 12 };
  const begin = new Date('2026-03-01T00:00:00.000Z').getTime();
  const live = (series: string | undefined): RetentionRecord[] => {
    let records: RetentionRecord[] = [];
    for (let day = 0; day < 200; day += 1) {
      const at = (hours: number) => new Date(begin + day * dayMs + hours * 3_600_000);
      records.push(record(0, { backupId: `full${day}`, completedAt: at(2) }));
      if (series !== undefined) records.push(record(0, { backupId: `part${day}`, completedAt: at(17), series }));
      const plan = planRetention([target(records, { policy: rules })], { ...run, clock: at(20), confirm: null });
      expect(plan.confirmationNeeded).toBe(false);
      const gone = new Set(plan.decisions.flatMap((one) => (one.decision === 'remove' ? [one.backupId] : [])));
      records = records.filter(({ backupId }) => !gone.has(backupId));
    }
    return records;
  };
  const fulls = (records: readonly RetentionRecord[]) =>
    records.map(({ backupId }) => backupId).filter((backupId) => backupId.startsWith('full'));

  it('keeps the backups of all that it would keep alone', () => {
    const alone = fulls(live(undefined));
    expect(alone.length).toBeGreaterThan(20);
    const both = live('billing');
    expect(fulls(both)).toEqual(alone);
    expect(both.length - alone.length).toBeLessThanOrEqual(alone.length);
  });

  it('would lose nearly all of them as one series', () => {
    expect(fulls(live(''))).toHaveLength(1);
  });
});
