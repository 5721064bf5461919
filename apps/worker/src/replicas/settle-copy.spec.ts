import { beforeEach, describe, expect, it } from '@jest/globals';
import { AppError, systemClock, systemRandom } from '#contracts';
import { createMemoryStore, type ObjectStore } from '#storage';
import { noAbort, putBackup, storeContents } from '../../../../test/support/backup-world.js';
import { replaceCalls } from '../../../../test/support/replace-calls.js';
import type { ClaimedCopy } from './claimed-copy.js';
import { settleDeleted } from './settle-copy.js';

describe('a copy whose backup is deleted in the primary store', () => {
  let store: ObjectStore;
  let backupId: string;
  let told: unknown[];
  let elsewhere: readonly object[];
  const settle = (stamp: string | null, outlived = false) => {
    const note = (what: string) => (ref: unknown, more: unknown) =>
      Promise.resolve(void told.push({ what, ref, more }));
    const claimed = {
      parts: {
        ...{ clock: systemClock, random: systemRandom, storeId: 'a'.repeat(32), ring: null },
        config: { verify: { reverifyDays: 30 } },
        catalog: {
          settings: { destinationStoreId: () => Promise.resolve(null), bindDestination: () => Promise.resolve() },
          copies: { lost: note('lost'), stands: note('stands'), of: () => Promise.resolve(elsewhere) },
          alerts: { note: (event: object) => Promise.resolve((told.push({ what: 'event', event }), null)) },
        },
        channels: [],
      },
      ...{ destination: { name: 'offsite', store, verify: 'stored' }, log: { warn: () => undefined } },
      copy: { copyId: `${backupId}/offsite`, destination: 'offsite', backupId, stamp, outlived, claim: { fence: 1 } },
    } as unknown as ClaimedCopy;
    return settleDeleted(claimed, { isPurged: false }, noAbort);
  };
  beforeEach(async () => {
    [store, told, elsewhere] = [createMemoryStore(), [], []];
    ({ backupId } = await putBackup(store, new Date()));
  });

  it('stands as before, and is read back again when its time comes', async () => {
    await settle('x');
    expect(told).toMatchObject([{ what: 'stands', more: { verifyAt: expect.any(Date) } }]);
  });

  it('stands also in a class that gives no bytes, by what it is in size; not what has lost a part', async () => {
    const warm = store;
    const cold = new AppError({ code: 'store/cold', stage: 'store', message: 'cold' });
    store = replaceCalls(warm, {
      get: (key, options) => (key.endsWith('data.hzn') ? Promise.reject(cold) : warm.get(key, options)),
    });
    await settle('x');
    expect(told).toMatchObject([{ what: 'stands' }]);
    const head = await warm.head(`clinic/${backupId}/1/data.hzn`);
    store = replaceCalls(store, {
      head: async (key, signal) =>
        key.endsWith('data.hzn') && head !== null ? { ...head, bytes: head.bytes - 1 } : warm.head(key, signal),
    });
    await expect(settle('x')).rejects.toBeInstanceOf(AppError);
    expect(told).toHaveLength(1);
  });

  it('that lost its backup.json alone is told of, and its objects are left', async () => {
    await store.delete(`clinic/${backupId}/backup.json`);
    const before = await storeContents(store);
    await expect(settle('x')).rejects.toMatchObject({ code: 'backup/damaged' });
    expect(told).toEqual([]);
    expect(await storeContents(store)).toEqual(expect.arrayContaining(before));
  });

  it('that its own retention had kept is told of when it is gone, unless another destination has it', async () => {
    for (const object of ['backup.json', '1/data.hzn', '1/manifest.hzn'])
      await store.delete(`clinic/${backupId}/${object}`);
    await settle('x', true);
    const event = {
      kind: 'missing',
      backupId,
      subject: `${backupId}-offsite`,
      message: expect.stringContaining('last'),
    };
    expect(told).toMatchObject([{ what: 'event', event }, { what: 'lost' }]);
    told = [];
    elsewhere = [{ copyId: `${backupId}/vault`, state: 'copied' }];
    await settle('x', true);
    expect(told).toMatchObject([{ what: 'lost' }]);
  });

  it('that was never whole is to be removed', async () => {
    await store.delete(`clinic/${backupId}/backup.json`);
    await settle(null);
    expect(told).toMatchObject([{ what: 'lost' }]);
  });
});
