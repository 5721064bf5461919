import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { alertKey } from '#catalog';
import { waitUntil } from '../services/services.js';
import { WorkerWorld } from '../support/worker-world.js';

jest.setTimeout(120_000);
let world: WorkerWorld;

beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(2_000);
});
afterAll(() => world.close());

it('a backup that is less than half of its target’s last ones says so on its record and in the log', async () => {
  const { end, lines } = await world.worker();
  const made = async () => {
    const backupId = await world.trigger();
    return world.until(backupId, ({ status }) => status === 'completed', { what: 'the backup', timeoutMs: 60_000 });
  };
  for (let count = 0; count < 3; count += 1) expect((await made()).warnings).toEqual([]);
  await world.client.db(world.source).collection('patients').deleteMany({});
  await world.fill(20);
  const { warnings, backupId } = await made();
  expect(warnings).toEqual([expect.stringMatching(/^size: \d+ bytes are less than half .* the median of the last 3/)]);
  expect(lines.find(({ msg }) => msg === 'odd size')).toMatchObject({ backupId });
  const isRaised = async () =>
    (await world.catalog.alerts.raised()).some(({ key }) => key === alertKey('size-anomaly', 'clinic'));
  await waitUntil(isRaised, { what: 'the alert' });
  await waitUntil(
    () => lines.some(({ msg, subject }) => msg === 'alert' && subject === 'backup of an odd size: clinic'),
    {
      what: 'the alert in the log',
    },
  );
  await world.client.db(world.source).collection('patients').deleteMany({});
  await world.fill(2_000);
  expect((await made()).warnings).toEqual([]);
  await waitUntil(async () => !(await isRaised()), { what: 'the end of the alert' });
  await end();
});
