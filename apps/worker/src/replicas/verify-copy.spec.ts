import { beforeEach, describe, expect, it } from '@jest/globals';
import { AppError, systemClock, systemRandom } from '#contracts';
import { createMemoryStore, type ObjectStore } from '#storage';
import { noAbort, putBackup } from '../../../../test/support/backup-world.js';
import { replaceCalls } from '../../../../test/support/replace-calls.js';
import type { ClaimedCopy } from './claimed-copy.js';
import { verifyCopy } from './verify-copy.js';

const cold = new AppError({ code: 'store/cold', stage: 'store', message: 'cold' });

describe('a copy that is read back', () => {
  let warm: ObjectStore;
  let backupId: string;
  let noted: { at: Date | null; verifyAt: Date | null }[];
  const verify = (store: ObjectStore, reverifyDays: number | null = 30) => {
    const claimed = {
      parts: {
        ...{ clock: systemClock, random: systemRandom, ring: { opensWhatItSeals: false } },
        config: { verify: { reverifyDays }, lease: { leaseMs: 1_000 } },
        tuning: { persistPauseMs: 1, persistMostMs: 1 },
        catalog: {
          copies: { verified: (_ref: unknown, done: (typeof noted)[0]) => Promise.resolve(noted.push(done) > 0) },
        },
      },
      ...{ destination: { name: 'offsite', store, verify: 'stored' }, log: { info: () => undefined } },
      copy: { copyId: `${backupId}/offsite`, backupId, claim: { fence: 1 } },
    } as unknown as ClaimedCopy;
    return verifyCopy(claimed, noAbort);
  };
  /** Its data lie in a class that gives no bytes, where a lifecycle rule has moved them. */
  const frozen = () =>
    replaceCalls(warm, {
      get: (key, options) => (key.endsWith('data.hzn') ? Promise.reject(cold) : warm.get(key, options)),
    });
  beforeEach(async () => {
    [warm, noted] = [createMemoryStore(), []];
    ({ backupId } = await putBackup(warm, new Date()));
  });

  it('counts as verified', async () => {
    expect(await verify(warm)).toBe(true);
    expect(noted).toEqual([{ at: expect.any(Date), verifyAt: expect.any(Date) }]);
  });

  it('is no failure in a cold class, and not verified either: it is looked at again later, also where once is enough', async () => {
    for (const reverifyDays of [30, null]) expect(await verify(frozen(), reverifyDays)).toBe(true);
    expect(noted).toEqual([
      { at: null, verifyAt: expect.any(Date) },
      { at: null, verifyAt: expect.any(Date) },
    ]);
    for (const { verifyAt } of noted) expect(verifyAt?.getTime()).toBeGreaterThan(Date.now() + 29 * 86_400_000);
  });

  it('that has lost a part in a cold class is a failure', async () => {
    await warm.delete(`clinic/${backupId}/1/manifest.hzn`);
    await expect(verify(frozen())).rejects.toBeInstanceOf(AppError);
    expect(noted).toEqual([]);
  });
});
