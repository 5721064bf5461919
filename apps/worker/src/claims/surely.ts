import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import { persist } from './persist.js';

/** The write that ends a claim: tried within the lease, for afterwards others end it. */
export function surely<T>(
  { tuning, config }: Pick<WorkerParts, 'tuning' | 'config'>,
  log: WorkerLog,
  write: () => Promise<T>,
): Promise<T> {
  return persist(write, {
    ...{ pauseMs: tuning.persistPauseMs, mostMs: tuning.persistMostMs },
    signal: AbortSignal.timeout(config.lease.leaseMs),
    onTrouble: (trouble, tries) => log.failure('outcome not recorded yet', trouble, 'catalog', { tries }),
  });
}
