import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Catalog } from '#catalog';
import type { Blackout } from '#config';
import { AppError, slotBackupId, systemRandom, type JobRequest, type JobSink } from '#contracts';
import { startOf } from '../../apps/api/src/scheduling/starts.js';
import { tick, type TickDeps } from '../../apps/api/src/scheduling/tick.js';
import { Watch } from '../../apps/api/src/scheduling/watch.js';
import { judgeSchedule } from '../../apps/api/src/scheduling/overdue.js';
import { catalogWorld, completeBackup, newTarget, type CatalogWorld } from '../support/catalog-world.js';
import { MovedClock } from '../support/moved-clock.js';
import { targetConfig } from '../support/target-config.js';

// Schedules on the real catalogue, with a clock that the test moves. The queue is a list: what is added to it is what is asked here.

let world: CatalogWorld;
let catalog: Catalog;
beforeAll(async () => {
  world = await catalogWorld();
  catalog = world.catalog;
});
afterAll(() => world.close());

const minute = 60_000;

function setUp(
  cron: string,
  start: string,
  timezone = 'UTC',
  more: { readonly blackouts?: readonly Blackout[]; readonly jitterSeconds?: number } = {},
) {
  const target = targetConfig(newTarget(), { cron, timezone, ...more });
  const clock = new MovedClock(start);
  const jobs: JobRequest[] = [];
  let down = false;
  const queue: JobSink = {
    add: (request) => {
      if (down)
        return Promise.reject(
          new AppError({ code: 'queue/unavailable', stage: 'queue', retry: 'retry', message: 'as told' }),
        );
      jobs.push(request);
      return Promise.resolve();
    },
    isLive: () => Promise.resolve(false),
  };
  // The server of the catalogue goes by the right time: that of the test, unless one of its APIs does not.
  let right: MovedClock = clock;
  const moved: Catalog = { ...catalog, serverTime: () => Promise.resolve(right.now()) };
  const deps: TickDeps = { catalog: moved, queue, clock, random: systemRandom };
  const run = () => tick(deps, target);
  const records = async () =>
    (await catalog.backups.list({ page: 1, limit: 100, target: target.name, sortBy: 'createdAt', sortOrder: 'asc' }))
      .data;
  const setDown = (value: boolean) => (down = value);
  /** Another API, with a clock of its own, which may be the right one. */
  const another = (at: string, isRight: boolean) => {
    const own = new MovedClock(at);
    if (isRight) right = own;
    return { clock: own, run: () => tick({ ...deps, clock: own }, target) };
  };
  return { target, clock, jobs, run, records, setDown, another };
}

describe('tick', () => {
  it('makes nothing of what was due before the schedule was first seen', async () => {
    const { run, records, clock } = setUp('0 2 * * *', '2026-11-25T12:00:00Z');
    expect(await run()).toEqual([]);
    clock.pass(minute);
    expect(await run()).toEqual([]);
    expect(await records()).toEqual([]);
  });

  it('makes the record of a slot once, with its job, however many replicas look', async () => {
    const { run, records, jobs, clock, target } = setUp('0 2 * * *', '2026-11-25T01:59:00Z');
    await run();
    clock.pass(minute + 20);
    const outcomes = (await Promise.all(Array.from({ length: 20 }, run))).flat();
    const slot = new Date('2026-11-25T02:00:00Z');
    const ofOthers = outcomes.filter(({ inserted }) => inserted === 'exists');
    expect(outcomes.filter((each) => !ofOthers.includes(each))).toMatchObject([
      { slot, trigger: 'schedule', inserted: 'inserted', driftMs: 20, queueError: null },
    ]);
    for (const each of ofOthers) expect(each).toMatchObject({ slot, queueError: null, superseded: [] });
    const backupId = slotBackupId(target.name, slot);
    expect(await records()).toMatchObject([{ backupId, slot, trigger: 'schedule', status: 'pending' }]);
    expect(jobs).toEqual([{ name: 'backup', payload: { backupId }, jobId: `${backupId}-1` }]);
  });

  it('catches up a missed slot once, however many were missed', async () => {
    const { run, records, clock } = setUp('0 * * * *', '2026-11-25T01:30:00Z');
    await run();
    clock.pass(5 * 60 * minute);
    expect(await run()).toMatchObject([{ slot: new Date('2026-11-25T06:00:00Z'), trigger: 'catch-up' }]);
    expect(await run()).toEqual([]);
    expect(await records()).toHaveLength(1);
  });

  it('begins nothing in a blackout, and makes up afterwards for what was missed before it', async () => {
    const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
    const office = { from: '08:00', to: '17:30', days };
    const { run, records, clock } = setUp('0 * * * *', '2026-11-25T06:30:00Z', 'UTC', { blackouts: [office] });
    await run();
    // Nobody looked at 7 o'clock.
    clock.pass(150 * minute);
    expect(await run()).toEqual([]);
    clock.pass(509 * minute);
    expect(await run()).toEqual([]);
    clock.pass(2 * minute);
    expect(await run()).toMatchObject([{ slot: new Date('2026-11-25T07:00:00Z'), trigger: 'catch-up' }]);
    clock.pass(30 * minute);
    expect(await run()).toMatchObject([{ slot: new Date('2026-11-25T18:00:00Z'), trigger: 'schedule' }]);
    expect(await records()).toHaveLength(2);
  });

  it('begins a slot late by its jitter, with the id of the slot, and is overdue so much later', async () => {
    const { run, records, clock, target } = setUp('0 2 * * *', '2026-11-25T01:59:00Z', 'UTC', { jitterSeconds: 3600 });
    await run();
    const slot = new Date('2026-11-25T02:00:00Z');
    const start = startOf(target, slot);
    expect(start.getTime()).toBeGreaterThan(slot.getTime());
    clock.pass(start.getTime() - clock.now().getTime() - 1);
    expect((await Promise.all([run(), run()])).flat()).toEqual([]);
    clock.pass(1);
    const outcomes = (await Promise.all(Array.from({ length: 10 }, run))).flat();
    expect(outcomes.filter(({ inserted }) => inserted !== 'exists')).toMatchObject([
      { slot, trigger: 'schedule', inserted: 'inserted', driftMs: 0 },
    ]);
    expect(await records()).toMatchObject([{ backupId: slotBackupId(target.name, slot), slot }]);

    const schedule = await catalog.schedules.find(target.name);
    const judged = (late: number) =>
      judgeSchedule(
        {
          target,
          schedule: schedule && { ...schedule, firstSlot: new Date(0) },
          lastSuccessAt: new Date(slot.getTime() - 1000),
        },
        new Date(start.getTime() + 10 * minute + late),
        10 * minute,
      );
    expect([judged(0).overdueSince, judged(1).overdueSince]).toEqual([null, slot]);
  });

  it('makes every slot of a dense schedule whose timer came late by seconds, and a job for the newest alone', async () => {
    const { run, records, clock, jobs, target } = setUp('*/2 * * * * *', '2026-11-25T00:00:00Z');
    await run();
    clock.pass(10_500);
    await run();
    const backupId = slotBackupId(target.name, new Date('2026-11-25T00:00:10Z'));
    expect(jobs.map(({ payload }) => payload)).toEqual([{ backupId }]);
    expect((await records()).filter(({ status }) => status === 'pending')).toMatchObject([{ backupId }]);
    expect((await records()).map(({ slot }) => slot?.getUTCSeconds())).toEqual(
      expect.arrayContaining([2, 4, 6, 8, 10]),
    );
  });

  it('keeps the record when the queue is down, and says so', async () => {
    const { run, records, clock, jobs, setDown } = setUp('0 2 * * *', '2026-11-25T01:59:00Z');
    await run();
    clock.pass(minute);
    setDown(true);
    const [outcome] = await run();
    expect(outcome?.queueError?.code).toBe('queue/unavailable');
    expect(jobs).toEqual([]);
    expect(await records()).toMatchObject([{ status: 'pending' }]);
  });

  it('makes nothing twice when the clock is set back two hours, and nothing extra when it is set forward', async () => {
    const { run, records, clock } = setUp('0 * * * *', '2026-11-25T09:59:00Z');
    await run();
    clock.pass(minute);
    await run();
    clock.set('2026-11-25T08:00:30Z');
    expect(await run()).toEqual([]);
    clock.set('2026-11-25T12:00:10Z');
    expect(await run()).toMatchObject([{ slot: new Date('2026-11-25T12:00:00Z') }]);
    expect(await records()).toHaveLength(2);
  });

  it('goes on after a clock that had once been far ahead was put right', async () => {
    const { run, clock, target } = setUp('0 * * * *', '2026-11-25T01:30:00Z');
    await run();
    clock.set('2027-11-25T02:00:10Z');
    expect(await run()).toMatchObject([{ slot: new Date('2027-11-25T02:00:00Z') }]);
    clock.set('2026-11-25T02:30:00Z');
    expect(await run()).toEqual([]);
    clock.pass(31 * minute);
    expect((await run()).map(({ slot }) => slot)).toEqual([new Date('2026-11-25T03:00:00Z')]);
    const schedule = await catalog.schedules.find(target.name);
    const ahead = { target, schedule, lastSuccessAt: new Date('2027-11-25T02:01:00Z') };
    expect(judgeSchedule(ahead, new Date('2026-11-25T06:00:00Z'), 60 * minute).overdueSince).not.toBeNull();
  });

  it('makes a slot when it comes though a clock three days ahead had made one of it, once, and says so', async () => {
    const { run, records, clock, jobs, target } = setUp('0 2 * * *', '2026-11-25T01:30:00Z');
    await run();
    clock.set('2026-11-28T02:00:10Z');
    const [early] = await run();
    const slot = new Date('2026-11-28T02:00:00Z');
    expect(early).toMatchObject({ slot, record: { backupId: slotBackupId(target.name, slot) } });
    clock.set('2026-11-25T01:50:00Z');
    await completeBackup(catalog, early?.record.backupId ?? '', target.name, clock.now());
    expect(await run()).toEqual([]);
    const [left] = await records();
    expect(left).toMatchObject({ backupId: early?.record.backupId, slot: null });
    expect((await catalog.backups.find(left?.backupId ?? ''))?.events.at(-1)).toMatchObject({ type: 'early' });
    for (const day of [25, 26, 27]) {
      clock.set(`2026-11-${day}T02:00:10Z`);
      const [made] = await run();
      expect(made).toMatchObject({ slot: new Date(`2026-11-${day}T02:00:00Z`), trigger: 'schedule' });
      await completeBackup(catalog, made?.record.backupId ?? '', target.name, clock.now());
    }
    clock.set('2026-11-28T02:00:10Z');
    const outcomes = (await Promise.all(Array.from({ length: 10 }, run))).flat();
    const [replacement, ...others] = outcomes;
    expect(others).toEqual([]);
    expect(replacement).toMatchObject({ slot, trigger: 'catch-up', inserted: 'inserted' });
    const all = await records();
    expect(all.filter((record) => record.slot?.getTime() === slot.getTime())).toMatchObject([
      { backupId: replacement?.record.backupId, trigger: 'catch-up', status: 'pending' },
    ]);
    expect(all).toHaveLength(5);
    expect(jobs.at(-1)?.payload).toEqual({ backupId: replacement?.record.backupId });
    expect(await run()).toEqual([]);
  });

  it('an API whose clock is behind takes nothing from what the others rightly made', async () => {
    const { run, records, target, another } = setUp('0 2 * * *', '2026-11-25T01:29:00Z');
    const ahead = another('2026-11-25T01:59:00Z', true);
    await ahead.run();
    ahead.clock.pass(2 * minute);
    const [made] = await ahead.run();
    expect(made).toMatchObject({ inserted: 'inserted' });
    for (let look = 0; look < 3; look += 1) {
      expect(await run()).toEqual([]);
      expect(await ahead.run()).toEqual([]);
    }
    const slot = new Date('2026-11-25T02:00:00Z');
    expect(await records()).toMatchObject([{ backupId: slotBackupId(target.name, slot), slot }]);
  });

  it('leaves the slot to what a clock that was ahead by minutes made of it', async () => {
    const { run, records, clock, target } = setUp('0 2 * * *', '2026-11-25T01:30:00Z');
    await run();
    clock.set('2026-11-25T02:00:10Z');
    await run();
    clock.set('2026-11-25T01:55:00Z');
    expect(await run()).toEqual([]);
    clock.pass(6 * minute);
    const backupId = slotBackupId(target.name, new Date('2026-11-25T02:00:00Z'));
    expect(await run()).toEqual([]);
    expect(await records()).toMatchObject([{ backupId, trigger: 'schedule' }]);
  });

  it('is silent while the schedule is paused, and what was due meanwhile was not missed', async () => {
    const { run, clock, target } = setUp('0 * * * *', '2026-11-25T01:30:00Z');
    await run();
    await catalog.schedules.pause(target.name, 'admin', clock.now());
    clock.pass(3 * 60 * minute);
    expect(await run()).toEqual([]);
    await catalog.schedules.resume(target.name, new Date('2026-11-25T04:00:00Z'));
    expect(await run()).toEqual([]);
    clock.pass(31 * minute);
    expect(await run()).toMatchObject([{ slot: new Date('2026-11-25T05:00:00Z'), trigger: 'schedule' }]);
  });

  it.each([
    ['a missing hour', '30 1 * * *', '2026-03-28T12:00:00Z', '2026-03-29T01:00:30Z', '2026-03-29T01:00:00Z'],
    [
      'a doubled hour, first time',
      '30 1 * * *',
      '2026-10-24T12:00:00Z',
      '2026-10-25T00:30:30Z',
      '2026-10-25T00:30:00Z',
    ],
  ])('runs %s', async (_what, cron, start, at, slot) => {
    const { run, records, clock } = setUp(cron, start, 'Europe/London');
    await run();
    clock.set(at);
    await run();
    clock.pass(60 * minute);
    await run();
    expect((await records()).map((record) => record.slot?.toISOString())).toEqual([new Date(slot).toISOString()]);
  });
});

describe('overdue', () => {
  it('is told once when it begins, once when it ends, and not while it lasts', async () => {
    const { run, clock, target } = setUp('0 2 * * *', '2026-11-25T01:59:00Z');
    const overdueMs = 60 * minute;
    const watch = new Watch({ catalog, clock, channels: ['log'] });
    const look = async () => {
      const schedule = await catalog.schedules.find(target.name);
      const lastSuccessAt = (await catalog.backups.lastSuccess())[target.name] ?? null;
      const state = judgeSchedule({ target, schedule, lastSuccessAt }, clock.now(), overdueMs);
      const told = await watch.look(
        [
          {
            target: target.name,
            config: target,
            schedule,
            overdue: state.overdueSince !== null,
            lastSuccessAt,
            lastRun: null,
            health: null,
            ...state,
          },
        ],
        1,
      );
      return told.map(({ kind, of }) => of ?? kind);
    };
    await run();
    clock.pass(minute);
    const [outcome] = await run();
    expect(await look()).toEqual([]);
    clock.pass(61 * minute);
    expect(await look()).toEqual(['overdue']);
    expect(await look()).toEqual([]);
    await completeBackup(catalog, outcome?.record.backupId ?? '', target.name, clock.now());
    expect(await look()).toEqual(['overdue']);
    expect(await look()).toEqual([]);
  });

  it('is over for a target, and for drills, that are configured no more, once the replicas agree on that', async () => {
    const clock = new MovedClock('2026-11-25T00:00:00Z');
    const watch = new Watch({ catalog, clock, channels: ['log'] });
    const [gone, without, kept] = [newTarget(), newTarget(), newTarget()];
    const states = [gone, without, kept].map((target) => ({
      ...{ target, config: targetConfig(target, { cron: null, timezone: 'UTC' }), schedule: null, nextRunAt: null },
      ...{ overdue: true, overdueSince: clock.now(), lastSuccessAt: null, lastRun: null, health: null },
    }));
    const drills = [gone, without, kept].map((target) => ({ target, overdueSince: clock.now(), lastGoodAt: null }));
    const isOf = (names: readonly string[]) => (each: { readonly target: string }) => names.includes(each.target);
    expect(await watch.look(states, 1, drills)).toHaveLength(6);
    const left = () => watch.look(states.filter(isOf([without, kept])), 1, drills.filter(isOf([kept])));
    clock.pass(60 * minute);
    expect(await left()).toEqual([]);
    clock.pass(1);
    const told = (await left()).filter(({ target }) => [gone, without, kept].includes(target ?? ''));
    expect(told.map(({ kind, of, message }) => [kind, of, message]).sort()).toEqual([
      ['recovered', 'drill-overdue', `Drills of ${gone} are not scheduled any more`],
      ['recovered', 'drill-overdue', `Drills of ${without} are not scheduled any more`],
      ['recovered', 'overdue', `Backups of ${gone} are not scheduled any more`],
    ]);
    expect(await left()).toEqual([]);
  });

  it('shows when no worker is alive for two minutes, not at a restart', async () => {
    const clock = new MovedClock('2026-11-25T00:00:00Z');
    const watch = new Watch({ catalog, clock, channels: ['log'] });
    const kinds = async (live: number) => (await watch.look([], live)).map(({ kind }) => kind);
    expect(await kinds(0)).toEqual([]);
    clock.pass(60_000);
    expect(await kinds(1)).toEqual([]);
    expect(await kinds(0)).toEqual([]);
    clock.pass(121_000);
    expect(await kinds(0)).toEqual(['no-worker']);
    expect(await kinds(0)).toEqual([]);
    expect(await kinds(1)).toEqual(['recovered']);
  });
});
