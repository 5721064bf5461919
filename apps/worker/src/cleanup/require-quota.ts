import { destinationQuota, quotaForecast, quotaHasRoom, quotaReached } from '#notify';
import type { WorkerParts } from '../core/worker-core.js';
import type { Destination } from '../replicas/destination-types.js';

type Parts = Pick<WorkerParts, 'catalog' | 'clock' | 'config'>;

/** Refuses a backup for which the quota has no room, where it is to be kept (BACKUP_QUOTA_POLICY=refuse). What to expect is what the newest one of the target took. */
export async function requireQuota({ catalog, clock, config }: Parts, target: string): Promise<void> {
  const { quota } = config.store;
  if (quota?.policy !== 'refuse') return;
  const history = await catalog.backups.storageHistory({}, clock.now());
  const wanted = await bytesToExpect(catalog, target);
  const { usedBytes } = history;
  if (quotaHasRoom(quota.bytes, usedBytes, wanted ?? 0)) return;
  const consequence = `${wanted ?? 'one more'} would come on top, and no backup is begun`;
  const forecast = quotaForecast(quota.bytes, history, clock.now());
  throw quotaReached({ quotaBytes: quota.bytes, usedBytes, consequence }, forecast);
}

/** A backup that is to lie in a destination. */
interface Wanted {
  readonly target: string;
  /** Null: it is not made yet. */
  readonly bytes: number | null;
  /** What stands there of it already. */
  readonly storedBytes: number;
}

/** The same for a destination (`quotaPolicy: refuse`). */
export async function requireDestinationQuota(
  { catalog, clock }: Pick<Parts, 'catalog' | 'clock'>,
  { name, quota }: Pick<Destination, 'name' | 'quota'>,
  { target, bytes, storedBytes }: Wanted,
): Promise<void> {
  if (quota?.policy !== 'refuse') return;
  const history = await catalog.copies.storageHistory(name, clock.now());
  const wanted = bytes ?? (await bytesToExpect(catalog, target));
  const usedBytes = history.usedBytes - storedBytes;
  if (quotaHasRoom(quota.bytes, usedBytes, wanted ?? 0)) return;
  const consequence = `${wanted ?? 'one more'} would come on top, and nothing is written there`;
  const forecast = quotaForecast(quota.bytes, history, clock.now());
  throw quotaReached({ quotaBytes: quota.bytes, usedBytes, consequence }, forecast, destinationQuota(name));
}

async function bytesToExpect({ backups }: Parts['catalog'], target: string): Promise<number | null> {
  const [newest] = (await backups.latest(target, 5)).filter(({ status }) => status === 'completed');
  return newest?.size ?? null;
}
