import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { MovedClock } from '../support/moved-clock.js';
import { ApiWorld } from '../support/api-world.js';

// The pause of a schedule over HTTP, on the real catalogue; that ticks honour it is proven in api-schedule.spec.ts.

jest.setTimeout(60_000);

const clock = new MovedClock('2030-11-25T02:30:00Z');
let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({
    environment: { BACKUP_SCHEDULE: '0 * * * *' },
    parts: () => ({ clock: Object.assign(clock, { monotonicMs: () => performance.now() }) }),
  });
});
afterAll(() => world.close());

const schedule = async (): Promise<unknown> => ((await world.get('/api/admin/schedules')).body.data as unknown[])[0];
const target = async (): Promise<unknown> => ((await world.get('/api/admin/targets')).body.data as unknown[])[0];

it('shows loudly on schedule and target, and ends without catching up', async () => {
  const reply = await world.post('/api/admin/schedules/clinic/pause');
  const paused = {
    target: 'clinic',
    paused: true,
    pausedAt: '2030-11-25T02:30:00.000Z',
    pausedBy: 'tester',
    notice: expect.stringMatching(/^PAUSED since 2030-11-25T02:30:00.000Z by tester/) as unknown,
    overdue: false,
  };
  expect({ status: reply.status, body: reply.body }).toMatchObject({ status: 200, body: paused });
  expect(await schedule()).toEqual(reply.body);
  expect(await target()).toMatchObject({ ...paused, nextRunAt: null });

  clock.pass(5 * 3_600_000);
  const again = await world.post('/api/admin/schedules/clinic/pause');
  expect(again.body).toMatchObject(paused);

  const resumed = await world.post('/api/admin/schedules/clinic/resume');
  const goingOn = { paused: false, pausedAt: null, pausedBy: null, notice: null, overdue: false };
  expect({ status: resumed.status, body: resumed.body }).toMatchObject({
    status: 200,
    body: { ...goingOn, lastSlot: '2030-11-25T07:00:00.000Z' },
  });
  expect(await target()).toMatchObject({ ...goingOn, nextRunAt: '2030-11-25T08:00:00.000Z' });
  expect(await world.auditEntries()).toEqual(
    expect.arrayContaining(
      ['schedule_pause', 'schedule_resume'].map((event) =>
        expect.objectContaining({ event, outcome: 'success', resource: 'clinic', actor: 'tester' }),
      ),
    ),
  );
});

it.each(['pause', 'resume'] as const)('%s of what is no target is 404', async (action) => {
  const reply = await world.post(`/api/admin/schedules/nowhere/${action}`);
  expect({ status: reply.status, body: reply.body }).toMatchObject({
    status: 404,
    body: { type: 'https://hazina.dev/problems/schedule-not-found', title: 'There is no such schedule' },
  });
});
