import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Catalog } from '#catalog';
import type { ScheduleConfig } from '#config';
import { systemRandom } from '#contracts';
import { judgeSchedule } from '../../apps/api/src/scheduling/overdue.js';
import { nextSlots } from '../../apps/api/src/scheduling/slots.js';
import { startOf } from '../../apps/api/src/scheduling/starts.js';
import { takeSchedule } from '../../apps/api/src/scheduling/take-schedule.js';
import { tick, type TickDeps } from '../../apps/api/src/scheduling/tick.js';
import { catalogWorld, completeBackup, newTarget, type CatalogWorld } from '../support/catalog-world.js';
import { MovedClock } from '../support/moved-clock.js';
import { targetConfig } from '../support/target-config.js';

// A schedule that is changed, by a reload or a restart: what it would have had due before was not missed.

const minute = 60_000;
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
let world: CatalogWorld;
let catalog: Catalog;
beforeAll(async () => {
  world = await catalogWorld();
  catalog = world.catalog;
});
afterAll(() => world.close());

function setUp(start: string) {
  const name = newTarget();
  const clock = new MovedClock(start);
  const queue: TickDeps['queue'] = { add: () => Promise.resolve(), isLive: () => Promise.resolve(false) };
  const deps: TickDeps = { catalog, queue, clock, random: systemRandom };
  const of = (schedule: Partial<ScheduleConfig>) => targetConfig(name, { cron: null, timezone: 'UTC', ...schedule });
  /** As a process does with what it has just read. */
  const read = async (schedule: Partial<ScheduleConfig>) => {
    await takeSchedule(deps, of(schedule));
    return tick(deps, of(schedule));
  };
  const look = (schedule: Partial<ScheduleConfig>) => tick(deps, of(schedule));
  const overdueSince = async (schedule: Partial<ScheduleConfig>) => {
    const record = await catalog.schedules.find(name);
    const lastSuccessAt = (await catalog.backups.lastSuccess())[name] ?? null;
    return judgeSchedule({ target: of(schedule), schedule: record, lastSuccessAt }, clock.now(), 60 * minute)
      .overdueSince;
  };
  const complete = (backupId: string | undefined) => completeBackup(catalog, backupId ?? '', name, clock.now());
  return { name, clock, of, read, look, overdueSince, complete };
}

const daily = { cron: '0 2 * * *' };
it.each([
  ['is on again after three weeks of off', '2026-11-04', daily, {}, daily],
  ['comes at another hour', '2026-11-25', daily, undefined, { cron: '0 9 * * *' }],
  ['comes every hour instead of daily', '2026-11-25', daily, undefined, { cron: '0 * * * *' }],
  ['goes by another zone', '2026-11-25', daily, undefined, { ...daily, timezone: 'America/St_Johns' }],
  [
    'has lost its blackouts',
    '2026-11-25',
    { cron: '0 * * * *', blackouts: [{ from: '03:00', to: '18:00', days }] },
    undefined,
    { cron: '0 * * * *' },
  ],
] as const)('a schedule that %s makes up for nothing, and is not overdue', async (_what, day, old, between, now) => {
  const { clock, read, look, overdueSince, complete } = setUp(`${day}T01:30:00Z`);
  await read(old);
  clock.pass(30 * minute);
  const [first] = await look(old);
  await complete(first?.record.backupId);
  if (between !== undefined) {
    clock.pass(minute);
    expect(await read(between)).toEqual([]);
  }
  clock.set('2026-11-25T10:30:00Z');
  expect((await Promise.all([read(now), read(now)])).flat()).toEqual([]);
  expect(await overdueSince(now)).toBeNull();

  // From here on it is like every other, and read once more by whomever it stays so.
  const [next = new Date(NaN)] = nextSlots({ timezone: 'UTC', ...now }, clock.now(), 1);
  clock.set(next.toISOString());
  expect(await read(now)).toMatchObject([{ slot: next, trigger: 'schedule' }]);
  clock.pass(61 * minute);
  await read(now);
  expect(await overdueSince(now)).toEqual(next);
});

it('what was missed of a schedule that is the same is made up for, by a version that kept no plan of it too', async () => {
  const { name, clock, read } = setUp('2026-11-25T01:30:00Z');
  await read(daily);
  const schedules = world.client.db(world.database).collection('schedules');
  const { matchedCount } = await schedules.updateOne({ target: name }, { $unset: { plan: 1 } });
  expect(matchedCount).toBe(1);
  clock.pass(24 * 60 * minute);
  expect(await read(daily)).toMatchObject([{ slot: new Date('2026-11-25T02:00:00Z'), trigger: 'catch-up' }]);
  expect(await catalog.schedules.find(name)).toMatchObject({ plan: expect.stringMatching(/^[0-9a-f]{16}$/) });
  clock.pass(24 * 60 * minute);
  expect(await read(daily)).toMatchObject([{ slot: new Date('2026-11-26T02:00:00Z'), trigger: 'catch-up' }]);
});

it('a slot of the new schedule whose start is still to come, by its jitter, begins then', async () => {
  const { clock, of, read, look } = setUp('2026-11-25T01:30:00Z');
  await read(daily);
  const hourly = { cron: '0 * * * *', jitterSeconds: 3000 };
  const slot = nextSlots(of(hourly).schedule, clock.now(), 20).find(
    (each) => startOf(of(hourly), each).getTime() > each.getTime() + 10 * minute,
  );
  clock.set(new Date((slot?.getTime() ?? NaN) + 5 * minute).toISOString());
  expect(await read(hourly)).toEqual([]);
  clock.set(startOf(of(hourly), slot ?? new Date(NaN)).toISOString());
  expect(await look(hourly)).toMatchObject([{ slot, trigger: 'schedule' }]);
});
