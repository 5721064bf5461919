import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { alertKey, drillJob } from '#catalog';
import { randomSuffix, systemRandom } from '#contracts';
import { services, waitUntil } from '../services/services.js';
import { databasesOf } from '../support/drill-world.js';
import { settledTask } from '../support/settled-task.js';
import { WorkerWorld } from '../support/worker-world.js';

// A drill of the service asks the queries of the targets file; one that does not come to what is expected is a difference, and is told.

jest.setTimeout(120_000);
const documents = 50;
let world: WorkerWorld;
beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(documents);
});
afterAll(() => world.close());

it('a query of the targets file that does not fit ends the drill with differences, and raises an alert', async () => {
  const collection = `${world.source}.patients`;
  const queries = [
    { name: 'there are some', collection, query: '{}', expect: String(documents) },
    { name: 'there are many', collection, query: '{}', expect: '> 1000' },
  ];
  const file = '/targets.yaml';
  const target = { name: 'clinic', uriVariable: 'MONGODB_URI', drill: { queries } };
  world.files.set(file, JSON.stringify({ targets: [target] }));
  await world.worker({
    ...{ BACKUP_TARGETS_FILE: file, RESTORE_TARGETS: 'staging' },
    ...{ RESTORE_TARGET_STAGING_URI: services().mongodbUri, RESTORE_TARGET_STAGING_SCRATCH: 'true' },
  });
  const backupId = await world.trigger();
  await world.until(backupId, ({ status }) => status === 'completed', { what: 'the backup', timeoutMs: 60_000 });
  const inserted = await world.catalog.drills.insert({
    drillId: `drill-20261123T090000Z-${randomSuffix(systemRandom, 6)}`,
    ...{ trigger: 'manual', choice: 'asked', slot: null, target: 'clinic', backupId, targetName: 'staging' },
    ...{ createdAt: new Date(), correlationId: 'c-drill', requestedBy: 'ada' },
  });
  if (inserted.outcome !== 'inserted') throw new Error(`not inserted: ${inserted.outcome}`);
  const { drillId } = inserted.record;
  await world.queue.add(drillJob(inserted.record));
  const record = await settledTask(drillId, () => world.catalog.drills.find(drillId));
  expect(record).toMatchObject({ status: 'completed_with_differences', report: { outcome: 'different' } });
  expect(record.report?.queries).toMatchObject([
    { name: 'there are some', count: documents, ok: true },
    { name: 'there are many', count: documents, ok: false },
  ]);
  expect(await databasesOf(drillId)).toEqual([]);
  const isRaised = async () =>
    (await world.catalog.alerts.raised()).some(({ key }) => key === alertKey('drill-failed', 'clinic')) || undefined;
  expect(await waitUntil(isRaised, { what: 'the alert' })).toBe(true);
});
