import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { runBackup, runCleanup, silentObserver } from '#pipeline';
import { checkStore, createMemoryStore } from '#storage';
import { services } from '../services/services.js';
import { backupDeps, backupRequest, noAbort, putBackup } from '../support/backup-world.js';
import { CliWorld } from '../support/cli-world.js';
import { MemoryCatalog } from '../support/memory-catalog.js';
import { MovedClock } from '../support/moved-clock.js';
import { s3World, type S3World } from '../support/s3-world.js';

// F35: clocks that jump or differ. Retention deletes nothing that it should not (I5); a store that refuses for the time is reported as a clock problem (I11).
// Leases by the monotonic clock: libs/engine/src/native/load/lease-watch.spec.ts.

const patience = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe('F35 retention on a clock that jumps', () => {
  const policy = {
    retentionDays: 7,
    keepLast: 0,
    hourly: 0,
    daily: 3,
    weekly: 0,
    monthly: 0,
    yearly: 0,
    withinBytes: 0,
    timezone: 'UTC',
    minKeep: 3,
  };
  const start = '2028-02-25T02:00:00.000Z';

  /** Daily backups over a leap day; what a cleanup on the given clock removes, by age in days. */
  async function removedAfter(jumpMs: number): Promise<number[]> {
    const store = createMemoryStore();
    const catalog = new MemoryCatalog();
    const clock = new MovedClock(start);
    const ages = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const ids = new Map<string, number>();
    for (const age of ages) {
      const backup = await putBackup(store, new Date(new Date(start).getTime() - age * dayMs));
      catalog.add(backup);
      ids.set(backup.backupId, age);
    }
    clock.jump(jumpMs);
    const { decisions } = await runCleanup(
      { store, clock, observer: silentObserver, catalog },
      {
        ...{ target: null, dryRun: false, confirm: null, graceMs: dayMs, expectedStoreId: null },
        policyOf: () => ({ policy, intervalMs: dayMs }),
      },
      noAbort,
    );
    return decisions.flatMap(({ backupId, decision }) => (decision === 'remove' ? [ids.get(backupId) ?? -1] : []));
  }

  it.each([
    ['not at all', 0, [7, 8, 9]],
    ['2 hours ahead', 2 * hourMs, [7, 8, 9]],
    ['2 hours back', -2 * hourMs, [8, 9]],
    // Never more than two intervals after the newest good one.
    ['a year ahead', 365 * dayMs, [5, 6, 7, 8, 9]],
    ['a year back', -365 * dayMs, []],
    ['over the leap day', 5 * dayMs, [5, 6, 7, 8, 9]],
  ])('F35 %s', async (_name, jumpMs, removed) => {
    expect(await removedAfter(jumpMs)).toEqual(removed);
  });

  it('F35 a clock that goes back during a backup: the times are what the clock said, and the backup stands', async () => {
    const store = createMemoryStore();
    const clock = new MovedClock(start);
    const observer = { ...silentObserver, stage: (stage: string) => stage === 'manifest' && clock.jump(-2 * hourMs) };
    const { backup } = await runBackup({ ...backupDeps(store), clock, observer }, backupRequest(), noAbort);
    expect(new Date(backup.completedAt).getTime()).toBeLessThan(new Date(backup.startedAt).getTime());
  });
});

describe('F35 a store with another time', () => {
  let world: S3World;
  const cli = new CliWorld();
  beforeAll(async () => {
    world = await s3World();
    await cli.client.db(cli.database).collection('a').insertOne({ a: 1 });
  });
  afterEach(async () => {
    world.proxy.heal();
    expect((await world.contents()).filter((entry) => entry.startsWith('upload'))).toEqual([]);
    expect(cli.leftovers()).toEqual([]);
  });
  afterAll(async () => {
    await world.close();
    await cli.close();
  });
  const skewed = (ms: number) => () => new Date(Date.now() + ms);

  it.each([['list'], ['backup'], ['storage', 'check']])(
    'F35 refused for the time (%s): reported as a clock problem',
    async (...args) => {
      world.proxy.on({ kind: 'reply', status: 403, code: 'RequestTimeTooSkewed', date: skewed(-20 * 60_000)() });
      const { accessKeyId, secretAccessKey, region } = services().s3;
      const { BACKUP_DIRECTORY: _, ...rest } = cli.environment;
      const error = await cli.failing(args, {
        ...rest,
        ...{ S3_BACKUP_BUCKET: world.bucket, S3_ENDPOINT: world.proxy.endpoint, AWS_REGION: region },
        ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      });
      expect(error).toMatchObject({ code: 'store/refused', exitCode: 14 });
      expect(error.hint).toMatch(/clock is more than 15 minutes off/);
    },
    patience,
  );

  it(
    'F35 a store whose Date is off by 10 minutes: all works, and the check says by how much',
    async () => {
      const store = await world.open();
      const context = { ...backupDeps(store), signal: noAbort };
      world.proxy.on({ kind: 'date', date: skewed(-10 * 60_000) });
      const findings = await checkStore(store, context);
      expect(findings.filter(({ ok }) => !ok).map(({ check }) => check)).toEqual(['clock']);
      const clock = findings.find(({ check }) => check === 'clock');
      expect(clock).toMatchObject({ hint: expect.stringContaining('NTP') as unknown });
      expect(clock?.detail).toMatch(/(599|600|601) s apart/);
    },
    patience,
  );
});
