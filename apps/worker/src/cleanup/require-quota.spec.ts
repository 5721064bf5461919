import { describe, expect, it } from '@jest/globals';
import { systemClock } from '#contracts';
import { requireDestinationQuota, requireQuota } from './require-quota.js';

type Parts = Parameters<typeof requireQuota>[0];

const at = new Date();
const mine = { backupId: 'clinic-2', target: 'clinic', startedAt: at };
const started = (backupId: string, ms: number, place: string | null = null) => ({
  ...{ backupId, target: 'clinic', place, startedAt: new Date(at.getTime() + ms) },
});

/** A worker whose backups take so much, the newest one of the target among them. */
function worker(
  policy: 'warn' | 'refuse',
  usedBytes: number,
  newest: number | null,
  running: readonly object[] = [],
): Parts {
  const since = new Date(Date.now() - 10 * 86_400_000);
  return {
    clock: systemClock,
    config: { store: { kind: 'directory', directory: '/b', quota: { bytes: 1_000, policy } } },
    catalog: {
      backups: {
        storageHistory: () => Promise.resolve({ usedBytes, usedBefore: 0, addedBytes: usedBytes, since }),
        latestCompleted: () =>
          Promise.resolve(
            newest === null
              ? []
              : [
                  { size: 1, trigger: 'cli', database: 'billing' },
                  { size: newest, trigger: 'schedule', database: '*' },
                ],
          ),
        list: () => Promise.resolve({ data: running, total: running.length }),
      },
    },
  } as unknown as Parts;
}

describe('a quota that is to be kept', () => {
  it.each([
    ['warn', 5_000, 100, true],
    ['refuse', 899, 100, true],
    ['refuse', 900, 100, true],
    ['refuse', 901, 100, false],
    ['refuse', 999, null, true],
    ['refuse', 1_000, null, false],
  ] as const)('%s: with %i of 1,000 used and a newest one of %p', async (policy, used, newest, room) => {
    const asked = requireQuota(worker(policy, used, newest), mine);
    if (room) await expect(asked).resolves.toBeUndefined();
    else
      await expect(asked).rejects.toMatchObject({
        ...{ code: 'store/quota-reached', retry: 'no-retry' },
        hint: expect.stringContaining('days of backups fit'),
      });
  });

  it.each([
    ['one that began before it', [started('clinic-9', -1)], false],
    ['one of the same moment that comes first by its id', [started('clinic-1', 0)], false],
    ['itself, and what began after it', [started('clinic-2', 0), started('clinic-1', 1), started('clinic-3', 0)], true],
    ['one that is written to a destination', [started('clinic-1', -1, 'offsite')], true],
  ])('counts what is being written: %s', async (_what, running, room) => {
    const asked = requireQuota(worker('refuse', 801, 100, running), mine);
    if (room) await expect(asked).resolves.toBeUndefined();
    else
      await expect(asked).rejects.toMatchObject({
        message: expect.stringContaining('about 100 are being written, 100 would come on top'),
      });
  });
});

describe('a quota of a destination that is to be kept', () => {
  const parts = (usedBytes: number, newest: number | null, underWay = 0): Parts => {
    const since = new Date(Date.now() - 10 * 86_400_000);
    const history = { usedBytes, usedBefore: 0, addedBytes: usedBytes, since };
    const storageHistory = (name: string) =>
      name === 'offsite' ? Promise.resolve(history) : Promise.reject(new Error(`asked of ${name}`));
    const copies = { storageHistory, bytesUnderWay: () => Promise.resolve(underWay) };
    const { backups } = worker('warn', 0, newest).catalog;
    return { clock: systemClock, catalog: { backups, copies } } as unknown as Parts;
  };
  it.each([
    ['a copy that fits', 'refuse', 900, 100, 0, true],
    ['a copy that does not', 'refuse', 901, 100, 0, false],
    ['one that stands there already', 'refuse', 1_000, 100, 100, true],
    ['one that grew beyond it', 'refuse', 1_000, 101, 100, false],
    ['a backup like the newest one', 'refuse', 850, null, 0, true],
    ['a backup for which the newest one leaves no room', 'refuse', 851, null, 0, false],
    ['a quota that only warns', 'warn', 5_000, 100, 0, true],
  ] as const)('%s', async (_what, policy, used, bytes, storedBytes, room) => {
    const destination = { name: 'offsite', quota: { bytes: 1_000, policy } };
    const asked = requireDestinationQuota(parts(used, 150), destination, { ...mine, bytes, storedBytes });
    if (room) await expect(asked).resolves.toBeUndefined();
    else
      await expect(asked).rejects.toMatchObject({
        ...{ code: 'store/quota-reached', retry: 'no-retry' },
        message: expect.stringContaining('Copies in offsite take'),
        hint: expect.stringContaining('quotaBytes of the destination offsite'),
      });
  });

  it('counts what is being copied there', async () => {
    const destination = { name: 'offsite', quota: { bytes: 1_000, policy: 'refuse' } } as const;
    const wanted = { ...mine, bytes: 100, storedBytes: 0 };
    await expect(requireDestinationQuota(parts(800, 150, 100), destination, wanted)).resolves.toBeUndefined();
    await expect(requireDestinationQuota(parts(800, 150, 101), destination, wanted)).rejects.toMatchObject({
      message: expect.stringContaining('about 101 are being written'),
    });
  });
});
