import type { QuotaConfig } from '#config';
import {
  destinationQuota,
  quotaForecast,
  quotaHasRoom,
  quotaReached,
  type QuotaNames,
  type StorageHistory,
} from '#notify';
import type { WorkerParts } from '../core/worker-core.js';
import type { Destination } from '../replicas/destination-types.js';

type Parts = Pick<WorkerParts, 'catalog' | 'clock' | 'config'>;

/** Refuses a backup for which the quota has no room, where it is to be kept (BACKUP_QUOTA_POLICY=refuse). What to expect is what the newest one of the target took. */
export async function requireQuota({ catalog, clock, config }: Parts, target: string): Promise<void> {
  const { quota } = config.store;
  if (quota?.policy !== 'refuse') return;
  const now = clock.now();
  const history = await catalog.backups.storageHistory({}, now);
  const wanted = await bytesToExpect(catalog, target);
  requireRoom({ quota, history, wanted, usedBytes: history.usedBytes, refused: 'no backup is begun', now });
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
  const now = clock.now();
  const history = await catalog.copies.storageHistory(name, now);
  const wanted = bytes ?? (await bytesToExpect(catalog, target));
  const usedBytes = history.usedBytes - storedBytes;
  requireRoom({ quota, history, wanted, usedBytes, refused: 'nothing is written there', now }, destinationQuota(name));
}

interface Room {
  readonly quota: QuotaConfig;
  readonly history: StorageHistory;
  readonly usedBytes: number;
  /** Null: nobody can tell. */
  readonly wanted: number | null;
  /** What is not done where there is no room. */
  readonly refused: string;
  readonly now: Date;
}

function requireRoom({ quota, history, usedBytes, wanted, refused, now }: Room, names?: QuotaNames): void {
  if (quotaHasRoom(quota.bytes, usedBytes, wanted ?? 0)) return;
  const consequence = `${wanted ?? 'one more'} would come on top, and ${refused}`;
  throw quotaReached(
    { quotaBytes: quota.bytes, usedBytes, consequence },
    quotaForecast(quota.bytes, history, now),
    names,
  );
}

async function bytesToExpect({ backups }: Parts['catalog'], target: string): Promise<number | null> {
  const [newest] = (await backups.latest(target, 5)).filter(({ status }) => status === 'completed');
  return newest?.size ?? null;
}
