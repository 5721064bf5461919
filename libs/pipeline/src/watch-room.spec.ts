import { describe, expect, it } from '@jest/globals';
import { createMemoryStore, type ObjectStore } from '#storage';
import { backupDeps, backupRequest, noAbort, storeContents } from '../../../test/support/backup-world.js';
import { replaceCalls } from '../../../test/support/replace-calls.js';
import { runBackup } from './run-backup.js';

const withFree = (store: ObjectStore, freeBytes: () => Promise<number | null>) => replaceCalls(store, { freeBytes });

describe('a reserve', () => {
  it.each([
    [1_999, 'store/reserve-reached'],
    [2_000, undefined],
    [null, undefined],
  ])('of 1000 bytes, 1000 expected and %p free: %p', async (free, code) => {
    const store = createMemoryStore();
    const deps = {
      ...backupDeps(
        withFree(store, () => Promise.resolve(free)),
        { estimatedBytes: 1000 },
      ),
    };
    const run = runBackup(deps, backupRequest({ reserveBytes: 1000 }), noAbort);
    if (code === undefined) expect((await run).backup.target).toBe('clinic');
    else {
      await expect(run).rejects.toMatchObject({ code, retry: 'retry', stage: 'store' });
      expect(await storeContents(store)).toEqual([]);
    }
  });

  it('that is reached while a run writes ends it, and nothing is left', async () => {
    const store = createMemoryStore();
    let looks = 0;
    const shrinking = withFree(store, () => Promise.resolve((looks += 1) < 3 ? 10_000 : 10));
    const deps = backupDeps(shrinking, { misbehaviour: 'hangs', after: 100_000 });
    const run = runBackup({ ...deps, roomLookMs: 2 }, backupRequest({ reserveBytes: 1000 }), noAbort);
    await expect(run).rejects.toMatchObject({ code: 'store/reserve-reached', retry: 'retry' });
    expect(await storeContents(store)).toEqual([]);
  });

  it('is not asked for without one, and a look that fails is only repeated', async () => {
    const failing = withFree(createMemoryStore(), () => Promise.reject(new Error('asked')));
    await runBackup(backupDeps(failing), backupRequest(), noAbort);
    let looks = 0;
    const flaky = withFree(createMemoryStore(), () =>
      (looks += 1) > 1 ? Promise.reject(new Error('away')) : Promise.resolve(1e9),
    );
    await runBackup({ ...backupDeps(flaky), roomLookMs: 1 }, backupRequest({ reserveBytes: 1 }), noAbort);
    expect(looks).toBeGreaterThan(0);
  });
});
