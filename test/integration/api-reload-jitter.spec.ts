import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { reloadConfig } from '../../apps/api/src/core/reload-config.js';
import { ScheduleService } from '../../apps/api/src/scheduling/schedule.service.js';
import { SchedulingModule } from '../../apps/api/src/scheduling/scheduling.module.js';
import { startOf } from '../../apps/api/src/scheduling/starts.js';
import { waitUntil } from '../services/services.js';
import { ApiWorld } from '../support/api-world.js';

// The timers of slots that begin later, by their jitter, over a reload. The looks at everything come once an hour here: they find nothing in time.

jest.setTimeout(90_000);
const path = '/targets.yaml';
const files: Record<string, string> = { [path]: "targets: [{name: clinic, uriVariable: A_URI, schedule: 'off'}]" };
let world: ApiWorld;
beforeAll(async () => {
  const environment = { BACKUP_TARGETS_FILE: path, BACKUP_REAPER_SECONDS: '3600', BACKUP_LEASE_SECONDS: '86400' };
  world = await ApiWorld.start({ environment, files, modules: [SchedulingModule] });
});
afterAll(() => world.close());

const reload = () => reloadConfig(world.core, () => world.app.get(ScheduleService).register());

/** A schedule of once a minute whose newest slot is of this second, and a name that lets it begin in three to six seconds. */
function soon() {
  const slot = new Date(Math.floor(Date.now() / 1000) * 1000);
  const schedule = { cron: `${slot.getUTCSeconds()} * * * * *`, timezone: 'UTC', jitterSeconds: 59 };
  for (let number = 0; ; number += 1) {
    const name = `t${number}`;
    const start = startOf({ name, schedule }, slot);
    const afterMs = start.getTime() - slot.getTime();
    if (afterMs >= 3_000 && afterMs <= 6_000) return { name, schedule, slot, start };
  }
}

it('what begins later, by its jitter, begins in time though its schedule was read again meanwhile', async () => {
  const { name, schedule, slot, start } = soon();
  const { cron, jitterSeconds } = schedule;
  files[path] = JSON.stringify({ targets: [{ name, uriVariable: 'A_URI', schedule: cron, jitterSeconds }] });
  await reload();
  await reload();
  const query = { page: 1, limit: 10, target: name, sortBy: 'createdAt', sortOrder: 'asc' } as const;
  const made = await waitUntil(async () => (await world.core.catalog.backups.list(query)).data[0], {
    ...{ timeoutMs: 40_000, what: 'the record of the slot' },
  });
  expect(made).toMatchObject({ slot, trigger: 'schedule' });
  const lateMs = made.createdAt.getTime() - start.getTime();
  expect(lateMs).toBeGreaterThanOrEqual(0);
  // The next tick comes a minute after the slot.
  expect(lateMs).toBeLessThan(30_000);
});
