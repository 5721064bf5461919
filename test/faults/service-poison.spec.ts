import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '../services/services.js';
import { ServiceFaults } from '../support/service-faults.js';
import type { ServiceProcess } from '../support/service-process.js';
import { toolsIn } from '../support/tools-in.js';

// A backup that takes its worker along at every start (a dump that eats all memory): it is given up, and the others go on.

/** Of a busy machine: a worker is started seven times. */
const patience = 300_000;
/** Far enough away for the API to be there; if it is not, the next one is a minute later. */
const firstSlotMs = 10_000;
let faults: ServiceFaults;

beforeAll(async () => {
  faults = await ServiceFaults.open(
    {},
    {
      documents: 300,
      targets: [
        { name: 'by-hand', engine: 'mongodump' },
        { name: 'by-schedule', engine: 'mongodump', schedule: everyMinute(new Date(Date.now() + firstSlotMs)) },
        { name: 'healthy', engine: 'native' },
      ],
    },
  );
}, patience);
afterEach(() => faults.expectNothingLeft(), patience);
afterAll(() => faults.close());

describe('F09 worker killed on every try', () => {
  it(
    'F09 by a backup asked for and by one of the schedule: both fail for good after three starts, and another target is backed up',
    async () => {
      const { world, operator, api } = faults;
      const tool = toolsIn(world.folder, { behaviour: 'kills-parent' });
      const byHand = await operator.trigger({ target: 'by-hand' });
      await using supervisor = restarting(() => world.spawnWorker({ PATH: tool.searchPath }));
      const healthy = await operator.trigger({ target: 'healthy' });
      const slot = await waitUntil(async () => (await world.records({ target: 'by-schedule' }))[0], {
        ...{ what: 'a backup of the schedule', timeoutMs: firstSlotMs + 60_000 },
      });
      // One is enough.
      expect((await operator.post('/api/admin/schedules/by-schedule/pause')).status).toBe(200);
      for (const backupId of [byHand, String(slot['backupId'])]) {
        const failed = await faults.ended(backupId, patience);
        expect(failed).toMatchObject({
          ...{ status: 'failed', attempt: 3 },
          error: { code: 'worker-lost', stage: 'claim', hint: expect.any(String) as unknown },
        });
        expect((await faults.story(backupId)).filter((type) => type === 'claimed')).toHaveLength(3);
      }
      expect(slot['trigger']).toBe('schedule');
      await faults.completed(healthy, patience);
      expect(supervisor.deaths).toBe(6);
      for (const target of ['by-hand', 'by-schedule']) {
        const isTold = async () => (await faults.metric(api, 'hazina_backup_last_status', `"${target}"`)) === 0;
        await waitUntil(isTold, { what: `the metric of ${target}` });
      }
      expect(await faults.alerts()).toEqual(['backup-failed/by-hand', 'backup-failed/by-schedule']);
      await faults.expectEqual(healthy);
    },
    patience,
  );
});

/** Starts a worker again whenever it died, as the supervisor of an installation does. */
function restarting(start: () => ServiceProcess): AsyncDisposable & { readonly deaths: number } {
  const state = { deaths: 0, ended: false, worker: start() };
  const ended = (async () => {
    for (;;) {
      await state.worker.ended();
      if (state.ended) return;
      state.deaths += 1;
      state.worker = start();
    }
  })();
  return {
    get deaths() {
      return state.deaths;
    },
    [Symbol.asyncDispose]: async () => {
      state.ended = true;
      await state.worker.stop();
      await ended;
    },
  };
}

/** A cron expression for the second of this moment, in every minute. */
function everyMinute(at: Date): string {
  return `${at.getUTCSeconds()} * * * * *`;
}
