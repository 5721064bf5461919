import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemRandom, type JobRequest } from '#contracts';
import { nextSlots } from '../../apps/api/src/scheduling/slots.js';
import { tick } from '../../apps/api/src/scheduling/tick.js';
import { catalogWorld, newTarget, type CatalogWorld } from '../support/catalog-world.js';
import { MovedClock } from '../support/moved-clock.js';
import { seededRandom } from '../support/sample-data.js';
import { targetConfig } from '../support/target-config.js';
import { cronText, wallClock, wallClockSlots } from '../support/wall-clock-slots.js';

// F35: schedules over a change of the hour and a leap day: no lost and no extra backup (I7). Clocks that jump: clock.spec.ts, and api-schedule.spec.ts for schedules.

const minuteMs = 60_000;
let world: CatalogWorld;
beforeAll(async () => {
  world = await catalogWorld();
});
afterAll(() => world.close());

const target = (cron: string, timezone: string) => targetConfig(newTarget(), { cron, timezone });

/** Lets a night pass, from a minute before an hour, in steps that meet each half hour, with a look at each, and one of another replica at each slot; the records that are there in the morning. */
async function night(
  cron: string,
  timezone: string,
  from: string,
  hours: number,
): Promise<{ slots: string[]; jobs: number }> {
  const clock = new MovedClock(from);
  const jobs: JobRequest[] = [];
  const queue = {
    add: (job: JobRequest) => Promise.resolve(void jobs.push(job)),
    isLive: () => Promise.resolve(false),
  };
  const { catalog } = world;
  const of = target(cron, timezone);
  const look = () => tick({ catalog, queue, clock, random: systemRandom }, of);
  await look();
  const late: unknown[] = [];
  for (let minute = 1; minute <= hours * 60; minute += 10) {
    clock.pass(minute === 1 ? minuteMs : 10 * minuteMs);
    const outcomes = await look();
    if (outcomes.length > 0) expect(await look()).toEqual([]);
    late.push(...outcomes.filter(({ trigger, driftMs }) => trigger !== 'schedule' || driftMs >= minuteMs));
  }
  expect(late).toEqual([]);
  const { data } = await catalog.backups.list({
    page: 1,
    limit: 100,
    target: of.name,
    sortBy: 'createdAt',
    sortOrder: 'asc',
  });
  return { slots: data.map(({ slot }) => slot?.toISOString().slice(0, 16) ?? 'none').sort(), jobs: jobs.length };
}

const spring = 'Europe/London, clocks go forward';
const autumn = 'Europe/London, clocks go back';
const southSpring = 'America/Sao_Paulo, midnight is skipped';
const southAutumn = 'America/Sao_Paulo, the last hour of the day comes twice';
const zoneOf = (name: string) => name.split(',')[0] ?? '';
const starts: Readonly<Record<string, string>> = {
  [spring]: '2026-03-28T23:59:00Z',
  [autumn]: '2026-10-24T22:59:00Z',
  [southSpring]: '2018-11-04T01:59:00Z',
  [southAutumn]: '2019-02-16T23:59:00Z',
};

describe('F35 a night in which the clocks change', () => {
  it.each<[string, string, string[]]>([
    [spring, '30 0 * * *', ['2026-03-29T00:30']],
    [spring, '30 1 * * *', ['2026-03-29T01:00']],
    [spring, '0 1 * * *', ['2026-03-29T01:00']],
    [spring, '0 2 * * *', ['2026-03-29T01:00']],
    [spring, '30 2 * * *', ['2026-03-29T01:30']],
    [spring, '0,30 1,2 * * *', ['2026-03-29T01:00', '2026-03-29T01:30']],
    [spring, '0 * * * *', ['2026-03-29T00:00', '2026-03-29T01:00', '2026-03-29T02:00', '2026-03-29T03:00']],
    [autumn, '30 0 * * *', ['2026-10-24T23:30']],
    [autumn, '0 1 * * *', ['2026-10-25T00:00']],
    [autumn, '30 1 * * *', ['2026-10-25T00:30']],
    [autumn, '0 2 * * *', ['2026-10-25T02:00']],
    [autumn, '0 * * * *', ['2026-10-24T23:00', '2026-10-25T00:00', '2026-10-25T01:00', '2026-10-25T02:00']],
    [southSpring, '0 0 * * *', ['2018-11-04T03:00']],
    [southSpring, '30 0 * * *', ['2018-11-04T03:00']],
    [southSpring, '0 1 * * *', ['2018-11-04T03:00']],
    [southSpring, '0 * * * *', ['2018-11-04T02:00', '2018-11-04T03:00', '2018-11-04T04:00', '2018-11-04T05:00']],
    [southAutumn, '30 22 * * *', ['2019-02-17T00:30']],
    [southAutumn, '30 23 * * *', ['2019-02-17T01:30']],
    [southAutumn, '0 0 * * *', ['2019-02-17T03:00']],
    [southAutumn, '0 * * * *', ['2019-02-17T00:00', '2019-02-17T01:00', '2019-02-17T02:00', '2019-02-17T03:00']],
  ])('F35 %s: %s', async (name, cron, wanted) => {
    const { slots, jobs } = await night(cron, zoneOf(name), starts[name] ?? '', 4.5);
    expect(slots.filter((slot) => slot <= (wanted.at(-1) ?? ''))).toEqual(wanted);
    expect(slots.length).toBe(cron.startsWith('0 *') ? 5 : wanted.length);
    expect(jobs).toBe(slots.length);
  });

  it.each([
    ['a leap day', '0 2 29 2 *', '2028-02-29T01:59:00Z', ['2028-02-29T02:00']],
    ['the day after a leap day', '0 2 1 3 *', '2028-03-01T01:59:00Z', ['2028-03-01T02:00']],
    ['no leap day', '0 2 29 2 *', '2027-02-28T23:59:00Z', []],
    ['the last day of a February', '0 2 28 2 *', '2027-02-28T01:59:00Z', ['2027-02-28T02:00']],
  ])('F35 %s', async (_name, cron, from, wanted) => {
    expect((await night(cron, 'UTC', from, 3)).slots).toEqual(wanted);
  });
});

it('F35 200 random schedules around every change agree with the wall clock', () => {
  const random = seededRandom(20_261_125);
  const some = (count: number, below: number) =>
    new Set(Array.from({ length: 1 + Math.floor(random() * count) }, () => Math.floor(random() * below)));
  const changes: readonly (readonly [zone: string, at: string])[] = [
    ...['2026-03-29', '2026-10-25', '2027-03-28', '2027-10-31'].map(
      (day) => ['Europe/London', `${day}T01:00:00Z`] as const,
    ),
    ...['2017-10-15T03:00:00Z', '2018-02-18T02:00:00Z', '2018-11-04T03:00:00Z', '2019-02-17T02:00:00Z'].map(
      (at) => ['America/Sao_Paulo', at] as const,
    ),
    // Half an hour, and a quarter.
    ...['2026-04-04T15:00:00Z', '2026-10-03T15:30:00Z'].map((at) => ['Australia/Lord_Howe', at] as const),
  ];
  const clocks = changes.map(([zone, at]) => {
    const from = new Date(Date.parse(at) - 12 * 60 * minuteMs);
    const until = new Date(Date.parse(at) + 12 * 60 * minuteMs);
    return { zone, from, until, minutes: wallClock(zone, from, until) };
  });
  const everyHour = [{ hoursText: '*' }, { hoursText: '*/1' }, { hoursText: '0-23' }, {}];
  for (let round = 0; round < 200; round += 1) {
    const every = { hours: new Set(Array.from({ length: 24 }, (_, hour) => hour)), ...everyHour[round % 4] };
    const cron = { minutes: some(3, 60), ...(random() < 0.25 ? every : { hours: some(4, 24) }) };
    const clock = clocks[round % clocks.length];
    if (clock === undefined) throw new Error('no change');
    const { zone, from, until, minutes } = clock;
    const wanted = wallClockSlots(cron, minutes).filter((at) => at > from);
    const given = nextSlots({ cron: cronText(cron), timezone: zone }, from, wanted.length + 1).filter(
      (at) => at <= until,
    );
    expect({ cron: cronText(cron), zone, from, slots: given }).toEqual({
      cron: cronText(cron),
      zone,
      from,
      slots: wanted,
    });
  }
});
