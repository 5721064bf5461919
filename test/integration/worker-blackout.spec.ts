import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { WorkerWorld } from '../support/worker-world.js';

jest.setTimeout(60_000);
let world: WorkerWorld;
const targetsFile = '/targets.yaml';

beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(20);
});
afterAll(() => world.close());

/** `HH:MM`, so many hours from now. */
const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);

it('what a schedule asked for does not begin in a blackout, however late it is; what somebody asks for does', async () => {
  const target = { name: 'clinic', uriVariable: 'MONGODB_URI', schedule: 'off', timezone: 'UTC' };
  const blackouts = [{ from: inHours(-2), to: inHours(2) }];
  world.files.set(targetsFile, JSON.stringify({ targets: [{ ...target, blackouts }] }));
  const settings = { BACKUP_TARGETS_FILE: targetsFile, BACKUP_REAPER_SECONDS: '1' };
  const first = await world.worker(settings);
  const asked = await world.trigger();
  await world.until(asked, ({ status }) => status === 'completed', { what: 'the backup by hand' });

  const late = await world.trigger({ trigger: 'schedule', slot: new Date(Date.now() - 3_600_000) });
  const waiting = await world.until(late, ({ nextAttemptAt }) => nextAttemptAt !== null, { what: 'the postponement' });
  expect(waiting).toMatchObject({ status: 'pending', claim: { fence: 0 }, startedAt: null });
  expect(waiting.nextAttemptAt?.toISOString().slice(11, 16)).toBe(blackouts[0]?.to);
  expect(waiting.events.at(-1)).toMatchObject({ type: 'postponed', message: expect.stringContaining('blackout') });
  expect(first.lines.find(({ msg }) => msg === 'waits for the end of a blackout')).toMatchObject({ backupId: late });
  // Nor does it keep anybody from one by hand.
  const again = await world.trigger();
  await world.until(again, ({ status }) => status === 'completed', { what: 'another backup by hand' });
  await world.until(late, ({ running }) => running, { what: 'its place again' });
  expect(await world.record(late)).toMatchObject({ status: 'pending', nextAttemptAt: waiting.nextAttemptAt });
  await first.end();

  // The blackout is over.
  world.files.set(targetsFile, JSON.stringify({ targets: [target] }));
  const backups = world.catalogs.client.db(world.catalogs.database).collection('backups');
  await backups.updateOne({ backupId: late }, { $set: { nextAttemptAt: new Date() } });
  const second = await world.worker(settings);
  const made = await world.until(late, ({ status }) => status === 'completed', { what: 'the late backup' });
  expect(made.events.map(({ type }) => type).filter((type) => type !== 'stage')).toEqual([
    ...['created', 'postponed', 'gave-way', 'claimed', 'committed', 'completed'],
  ]);
  await second.end();
});

it('another try of what failed waits for the end of a blackout as well', async () => {
  const target = { name: 'clinic', uriVariable: 'GONE_URI', schedule: 'off', timezone: 'UTC' };
  // It begins within the pause before the next try.
  const blackouts = [{ from: inHours(2), to: inHours(6) }];
  world.files.set(targetsFile, JSON.stringify({ targets: [{ ...target, blackouts }] }));
  const gone = 'mongodb://127.0.0.1:1/clinic?serverSelectionTimeoutMS=200';
  const settings = { BACKUP_TARGETS_FILE: targetsFile, GONE_URI: gone, BACKUP_ATTEMPTS: '2' };
  const { end } = await world.worker(settings, { retryBaseMs: 3 * 3_600_000, retryMostMs: 4 * 3_600_000 });
  const backupId = await world.trigger({ trigger: 'schedule', slot: new Date() });
  const { nextAttemptAt } = await world.until(backupId, (record) => record.failures === 1, { what: 'the first try' });
  expect(nextAttemptAt?.toISOString().slice(11, 16)).toBe(blackouts[0]?.to);
  await end();
});
