import { expect, it } from '@jest/globals';
import { systemRandom } from '#contracts';
import { createMetrics } from '#metrics';
import { ensureStoreIdentity } from '#pipeline';
import { createMemoryStore } from '#storage';
import { MovedClock } from '../../../../test/support/moved-clock.js';
import { noAbort } from '../../../../test/support/backup-world.js';
import { replaceCalls } from '../../../../test/support/replace-calls.js';
import { defaultTuning } from '../core/tuning.js';
import type { WorkerParts } from '../core/worker-core.js';
import { lookAtStore } from './store-health.js';

it('a store whose clock is ahead of ours has a positive skew', async () => {
  const memory = createMemoryStore();
  const clock = new MovedClock('2026-11-25T12:00:00.000Z');
  const { storeId } = await ensureStoreIdentity(memory, clock, systemRandom, noAbort);
  const store = replaceCalls(memory, { serverTime: () => Promise.resolve(new Date('2026-11-25T12:00:07.000Z')) });
  const metrics = createMetrics({ app: 'worker', version: 'test' });
  const config = { directoryReserveBytes: 0 };
  const parts = { store, storeId, clock, metrics, config, tuning: defaultTuning } as unknown as WorkerParts;
  expect((await lookAtStore(parts)).ok).toBe(true);
  expect(await metrics.text()).toContain('hazina_clock_skew_seconds 7\n');
});
