import type { StoreConfig } from '#config';
import {
  doubtful,
  found,
  newestWhole,
  seriesFactsOf,
  wrong,
  type AppError,
  type BackupJson,
  type Finding,
} from '#contracts';
import { destinationQuota, primaryQuota, quotaAdvice, quotaHasRoom, quotaReached, quotaState } from '#notify';
import { listBackups } from '#pipeline';
import type { ObjectStore } from '#storage';

type Quota = NonNullable<StoreConfig['quota']>;

/** Refuses a backup for which the quota has no room, by what lies in the store (BACKUP_QUOTA_POLICY=refuse). */
export async function requireQuota(
  store: ObjectStore,
  quota: Quota | undefined,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  if (quota?.policy !== 'refuse') return;
  const { backups } = await listBackups(store, undefined, signal);
  const used = usedBy(backups);
  const ofTarget = backups.filter((backup) => backup.target === target);
  const sized = ofTarget.map((backup) => ({ ...seriesFactsOf(backup), bytes: backup.objects.data.bytes }));
  const newest = newestWhole(sized)?.bytes ?? 0;
  if (!quotaHasRoom(quota.bytes, used, newest)) throw reached(used, quota);
}

/** The same for a copy in a destination (quotaPolicy: refuse); what stands there already takes no more room. */
export async function requireRoomForCopy(
  { name, store, quota }: { readonly name: string; readonly store: ObjectStore; readonly quota: Quota | undefined },
  { backupId, bytes }: { readonly backupId: string; readonly bytes: number },
  signal: AbortSignal,
): Promise<void> {
  if (quota?.policy !== 'refuse') return;
  const { backups } = await listBackups(store, undefined, signal);
  const used = usedBy(backups.filter((backup) => backup.backupId !== backupId));
  if (quotaHasRoom(quota.bytes, used, bytes)) return;
  const consequence = `no room for ${backupId}, which takes ${bytes}`;
  const names = destinationQuota(name);
  throw quotaReached({ quotaBytes: quota.bytes, usedBytes: used, consequence }, { daysThatFit: null }, names);
}

/** How much of the quota the backups in the store take, or the copies in a destination. */
export function quotaFinding(quota: Quota, backups: readonly BackupJson[], destination?: string): Finding {
  const name = `quota of ${destination ?? 'the store'}`;
  const names = destination === undefined ? primaryQuota : destinationQuota(destination);
  const used = usedBy(backups);
  const text = `${((100 * used) / quota.bytes).toFixed(1)} % of ${names.setting} are used`;
  if (used >= quota.bytes && quota.policy === 'refuse') return wrong(name, reached(used, quota, destination));
  if (quotaState(quota.bytes, used) === 'ok') return found(name, text);
  return doubtful(name, text, quotaAdvice({ daysThatFit: null }, names));
}

function usedBy(backups: readonly BackupJson[]): number {
  // As the workers count: what else lies in a folder is a few kilobytes.
  return backups.reduce((sum, { objects }) => sum + objects.data.bytes, 0);
}

function reached(usedBytes: number, { bytes: quotaBytes }: Quota, destination?: string): AppError {
  return destination === undefined
    ? quotaReached({ quotaBytes, usedBytes, consequence: 'no backup is begun' }, { daysThatFit: null })
    : quotaReached(
        { quotaBytes, usedBytes, consequence: 'nothing is copied there' },
        { daysThatFit: null },
        destinationQuota(destination),
      );
}
