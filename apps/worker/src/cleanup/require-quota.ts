import type { QuotaConfig } from '#config';
import { newestWhole, type BackupRecord } from '#contracts';
import {
  destinationQuota,
  quotaForecast,
  quotaHasRoom,
  quotaReached,
  type QuotaNames,
  type StorageHistory,
} from '#notify';
import { comparedBackups } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';
import type { Destination } from '../replicas/destination-types.js';

type Parts = Pick<WorkerParts, 'catalog' | 'clock' | 'config'>;

/** Refuses a backup for which the quota has no room, where it is to be kept (BACKUP_QUOTA_POLICY=refuse). What to expect is what the newest one of the target took. */
export async function requireQuota({ catalog, clock, config }: Parts, record: Begun): Promise<void> {
  const { quota } = config.store;
  if (quota?.policy !== 'refuse') return;
  const now = clock.now();
  const history = await catalog.backups.storageHistory({}, now);
  const wanted = await bytesToExpect(catalog, record.target);
  const underWay = await bytesUnderWay(catalog, record);
  const { usedBytes } = history;
  requireRoom({ quota, history, wanted, usedBytes, underWay, refused: 'no backup is begun', now });
}

type Begun = Pick<BackupRecord, 'backupId' | 'target' | 'startedAt'>;

/** A backup that is to lie in a destination. */
interface Wanted {
  readonly backupId: string;
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
  { backupId, target, bytes, storedBytes }: Wanted,
): Promise<void> {
  if (quota?.policy !== 'refuse') return;
  const now = clock.now();
  const history = await catalog.copies.storageHistory(name, now);
  const wanted = bytes ?? (await bytesToExpect(catalog, target));
  const usedBytes = history.usedBytes - storedBytes;
  // A backup that has no other place to go to is measured by what stands there: copies under way may fail, and are tried again.
  const underWay = bytes === null ? 0 : await catalog.copies.bytesUnderWay(name, backupId);
  requireRoom(
    { quota, history, wanted, usedBytes, underWay, refused: 'nothing is written there', now },
    destinationQuota(name),
  );
}

interface Room {
  readonly quota: QuotaConfig;
  readonly history: StorageHistory;
  readonly usedBytes: number;
  /** What others are writing, and is in no sum yet. */
  readonly underWay: number;
  /** Null: nobody can tell. */
  readonly wanted: number | null;
  /** What is not done where there is no room. */
  readonly refused: string;
  readonly now: Date;
}

function requireRoom({ quota, history, usedBytes, underWay, wanted, refused, now }: Room, names?: QuotaNames): void {
  if (quotaHasRoom(quota.bytes, usedBytes + underWay, wanted ?? 0)) return;
  const others = underWay === 0 ? '' : `about ${underWay} are being written, `;
  const consequence = `${others}${wanted ?? 'one more'} would come on top, and ${refused}`;
  throw quotaReached(
    { quotaBytes: quota.bytes, usedBytes, consequence },
    quotaForecast(quota.bytes, history, now),
    names,
  );
}

async function bytesToExpect({ backups }: Parts['catalog'], target: string): Promise<number | null> {
  return newestWhole(await backups.latestCompleted(target, comparedBackups))?.size ?? null;
}

/** More of a fleet do not write at a time. */
const mostUnderWay = 100;

/** What those will take that began before this one: of several that begin at a time, the first ones get the room that there is. */
async function bytesUnderWay(catalog: Parts['catalog'], { backupId, startedAt }: Begun): Promise<number> {
  const { data } = await catalog.backups.list({
    ...{ status: 'in_progress', page: 1, limit: mostUnderWay, sortBy: 'startedAt', sortOrder: 'asc' },
  });
  const mine = [startedAt?.getTime() ?? Infinity, backupId] as const;
  const before = data.filter((other) => {
    const began = other.startedAt?.getTime() ?? Infinity;
    return other.place === null && (began < mine[0] || (began === mine[0] && other.backupId < mine[1]));
  });
  const expected = await Promise.all(before.map(({ target }) => bytesToExpect(catalog, target)));
  return expected.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
}
