import { describe, expect, it } from '@jest/globals';
import { systemClock } from '#contracts';
import { requireDestinationQuota, requireQuota } from './require-quota.js';

type Parts = Parameters<typeof requireQuota>[0];

/** A worker whose backups take so much, the newest one of the target among them. */
function worker(policy: 'warn' | 'refuse', usedBytes: number, newest: number | null): Parts {
  const since = new Date(Date.now() - 10 * 86_400_000);
  return {
    clock: systemClock,
    config: { store: { kind: 'directory', directory: '/b', quota: { bytes: 1_000, policy } } },
    catalog: {
      backups: {
        storageHistory: () => Promise.resolve({ usedBytes, usedBefore: 0, addedBytes: usedBytes, since }),
        latest: () =>
          Promise.resolve([
            { status: 'failed', size: null },
            ...(newest === null ? [] : [{ status: 'completed', size: newest }]),
          ]),
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
    const asked = requireQuota(worker(policy, used, newest), 'clinic');
    if (room) await expect(asked).resolves.toBeUndefined();
    else
      await expect(asked).rejects.toMatchObject({
        ...{ code: 'store/quota-reached', retry: 'no-retry' },
        hint: expect.stringContaining('days of backups fit'),
      });
  });
});

describe('a quota of a destination that is to be kept', () => {
  const parts = (usedBytes: number, newest: number | null): Parts => {
    const since = new Date(Date.now() - 10 * 86_400_000);
    const history = { usedBytes, usedBefore: 0, addedBytes: usedBytes, since };
    const storageHistory = (name: string) =>
      name === 'offsite' ? Promise.resolve(history) : Promise.reject(new Error(`asked of ${name}`));
    const { backups } = worker('warn', 0, newest).catalog;
    return { clock: systemClock, catalog: { backups, copies: { storageHistory } } } as unknown as Parts;
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
    const asked = requireDestinationQuota(parts(used, 150), destination, { target: 'clinic', bytes, storedBytes });
    if (room) await expect(asked).resolves.toBeUndefined();
    else
      await expect(asked).rejects.toMatchObject({
        ...{ code: 'store/quota-reached', retry: 'no-retry' },
        message: expect.stringContaining('Copies in offsite take'),
        hint: expect.stringContaining('quotaBytes of the destination offsite'),
      });
  });
});
