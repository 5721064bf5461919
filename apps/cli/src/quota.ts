import type { StoreConfig } from '#config';
import { AppError, doubtful, found, wrong, type BackupJson, type Finding } from '#contracts';
import { quotaAdvice, quotaState } from '#notify';
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
  const newest = backups.find((backup) => backup.target === target)?.objects.data.bytes ?? 0;
  if (used < quota.bytes && used + newest <= quota.bytes) return;
  throw reached(used, quota);
}

/** How much of the quota the backups in the store take. */
export function quotaFinding(quota: Quota, backups: readonly BackupJson[]): Finding {
  const name = 'quota of the store';
  const used = usedBy(backups);
  const text = `${((100 * used) / quota.bytes).toFixed(1)} % of BACKUP_QUOTA_BYTES are used`;
  if (used >= quota.bytes && quota.policy === 'refuse') return wrong(name, reached(used, quota));
  if (quotaState(quota.bytes, used) === 'ok') return found(name, text);
  return doubtful(name, text, quotaAdvice({ daysThatFit: null }));
}

function usedBy(backups: readonly BackupJson[]): number {
  return backups.reduce((sum, { objects }) => sum + objects.data.bytes + objects.manifest.bytes, 0);
}

function reached(used: number, { bytes }: Quota): AppError {
  return new AppError({
    code: 'store/quota-reached',
    stage: 'store',
    message: `Backups take ${used} of the ${bytes} bytes of BACKUP_QUOTA_BYTES: no backup is begun`,
    hint: quotaAdvice({ daysThatFit: null }),
  });
}
