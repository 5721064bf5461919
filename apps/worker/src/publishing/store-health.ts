import { AppError } from '#contracts';
import { requireStore } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';

export interface StoreHealth {
  /** Null: nobody has looked yet. */
  readonly ok: boolean | null;
  readonly detail: string | null;
  readonly freeBytes: number | null;
}

export const unknownStore: StoreHealth = { ok: null, detail: null, freeBytes: null };

/** Whether the store answers, is the one that it should be, and how much room it has. */
export async function lookAtStore({
  store,
  storeId,
  tuning,
  config,
  clock,
  metrics,
}: WorkerParts): Promise<StoreHealth> {
  const limit = AbortSignal.timeout(tuning.probeTimeoutMs);
  try {
    await requireStore(store, storeId, limit);
    const storeTime = await store.serverTime(limit);
    if (storeTime !== null) metrics.clockSkew((clock.now().getTime() - storeTime.getTime()) / 1000);
    const freeBytes = await store.freeBytes(limit);
    const isShort = freeBytes !== null && freeBytes < config.directoryReserveBytes;
    const detail = isShort ? `${freeBytes} bytes are free, less than BACKUP_DIRECTORY_RESERVE_BYTES` : null;
    return { ok: !isShort, detail, freeBytes };
  } catch (error) {
    const detail = limit.aborted
      ? `no answer within ${tuning.probeTimeoutMs / 1000} s`
      : AppError.from(error, 'store').message;
    return { ok: false, detail, freeBytes: null };
  }
}
