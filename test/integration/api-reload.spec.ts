import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { SchedulerRegistry } from '@nestjs/schedule';
import { reloadConfig } from '../../apps/api/src/core/reload-config.js';
import { ScheduleService } from '../../apps/api/src/scheduling/schedule.service.js';
import { SchedulingModule } from '../../apps/api/src/scheduling/scheduling.module.js';
import { waitUntil } from '../services/services.js';
import { ApiWorld } from '../support/api-world.js';

// What SIGHUP does to the API: new targets and schedules without a restart, and the old ones while the new are wrong.

jest.setTimeout(60_000);
const path = '/targets.yaml';
const files: Record<string, string> = {
  [path]: "targets: [{name: clinic, uriVariable: A_URI, schedule: '0 2 * * *', jitterSeconds: 600}]",
};
let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({
    environment: { BACKUP_TARGETS_FILE: path, BACKUP_REAPER_SECONDS: '1' },
    files,
    modules: [SchedulingModule],
  });
});
afterAll(() => world.close());

const reload = () => reloadConfig(world.core, () => world.app.get(ScheduleService).register());
const schedules = async () => (await world.get('/api/admin/schedules')).body.data as Record<string, unknown>[];
const metrics = () => world.core.metrics.text();

it('shows the jitter of a schedule in its next times', async () => {
  const [clinic] = await schedules();
  expect(clinic).toMatchObject({ target: 'clinic', jitterSeconds: 600 });
  const runs = clinic?.['nextRuns'] as string[];
  expect(runs).toHaveLength(10);
  for (const run of runs) expect(run).toMatch(/T02:(0\d|10):\d\d\.000Z$/);
  expect(new Set(runs.map((run) => run.slice(11))).size).toBeGreaterThan(5);
});

it('keeps the old ones while the new are wrong, and says so everywhere', async () => {
  files[path] = "targets: [{name: clinic, uriVariable: A_URI, schedule: 'every day'}]";
  await reload();
  expect(await schedules()).toMatchObject([{ target: 'clinic', cron: '0 2 * * *' }]);
  const line = world.lines
    .map((each) => JSON.parse(each) as Record<string, unknown>)
    .find(({ msg }) => String(msg).startsWith('configuration not'));
  expect(line).toMatchObject({
    level: 'error',
    code: 'config/invalid',
    reason: expect.stringContaining(`${path}:1:56: schedule of clinic`),
  });
  expect((await world.get('/health/ready')).body).toMatchObject({
    status: 'ok',
    details: { configuration: { status: 'up', state: 'invalid', code: 'config/invalid' } },
  });
  expect(await metrics()).toContain('hazina_config_invalid 1\n');
  expect((await world.get('/api/admin/system')).body.findings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'configuration of the API', status: 'error', code: 'config/invalid' }),
    ]),
  );
});

it.each(['addCronJob', 'targetKnown'] as const)(
  'is all or nothing: targets that a schedule cannot be made of (%s) change nothing, and the old ones run',
  async (what) => {
    files[path] = "targets: [{name: clinic, uriVariable: A_URI, schedule: '* * * * * *'}]";
    await reload();
    const registry = world.app.get(SchedulerRegistry);
    const jobs = () => [...registry.getCronJobs()].map(([name, { isActive }]) => [name, isActive]).sort();
    const before = jobs();
    expect(before).toContainEqual(['backup/clinic', true]);
    files[path] =
      "targets: [{name: one, uriVariable: A_URI, schedule: '0 3 * * *'}, {name: two, uriVariable: B_URI, schedule: '0 4 * * *'}]";
    const fails = (name: string): void => {
      if (name.endsWith('two')) throw new Error('no memory for this one');
    };
    const add = registry.addCronJob.bind(registry);
    const injected =
      what === 'addCronJob'
        ? jest.spyOn(registry, 'addCronJob').mockImplementation((name, job) => {
            fails(name);
            add(name, job);
          })
        : jest.spyOn(world.core.metrics, 'targetKnown').mockImplementation(fails);
    await reload();
    injected.mockRestore();
    expect(await schedules()).toMatchObject([{ target: 'clinic', cron: '* * * * * *' }]);
    expect(jobs()).toEqual(before);
    expect((await world.get('/health/ready')).body).toMatchObject({
      details: { configuration: { state: 'invalid', code: 'internal/unexpected' } },
    });
    expect(await metrics()).toContain('hazina_config_invalid 1\n');
    await reload();
    expect((await schedules()).map(({ target }) => target)).toEqual(['one', 'two']);
  },
);

it('takes new targets, whose schedules run from then on, and drops those that are gone', async () => {
  files[path] = "targets: [{name: shop, uriVariable: B_URI, schedule: '* * * * * *'}]";
  await reload();
  expect(await schedules()).toMatchObject([{ target: 'shop', cron: '* * * * * *' }]);
  expect((await world.get('/health/ready')).body).toMatchObject({ details: { configuration: { status: 'up' } } });
  expect(await metrics()).toContain('hazina_config_invalid 0\n');
  // No rule of an age can be broken by what is backed up no more.
  expect(await metrics()).toMatch(/hazina_backup_expected_interval_seconds\{target="shop"\}/);
  expect(await metrics()).not.toMatch(/hazina_backup_expected_interval_seconds\{target="(clinic|one|two)"\}/);
  const { backups } = world.core.catalog;
  await waitUntil(async () => (await backups.targets()).includes('shop'), { what: 'a backup of the new target' });
  expect((await world.post('/api/admin/schedules/clinic/pause')).status).toBe(404);
  // Off again: its ticks end.
  const jobs = () => [...world.app.get(SchedulerRegistry).getCronJobs().keys()].sort();
  expect(jobs()).toEqual(['backup/shop', 'cleanup']);
  files[path] = "targets: [{name: shop, uriVariable: B_URI, schedule: 'off'}]";
  await reload();
  expect(jobs()).toEqual(['cleanup']);
});
