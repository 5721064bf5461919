import { AppError } from '#contracts';
import { quotaAdvice, quotaForecast } from '#notify';
import type { WorkerParts } from '../core/worker-core.js';

/** Refuses a backup for which the quota has no room, where it is to be kept (BACKUP_QUOTA_POLICY=refuse). What to expect is what the newest one of the target took. */
export async function requireQuota(
  { catalog, clock, config }: Pick<WorkerParts, 'catalog' | 'clock' | 'config'>,
  target: string,
): Promise<void> {
  const { quota } = config.store;
  if (quota?.policy !== 'refuse') return;
  const history = await catalog.backups.storageHistory({}, clock.now());
  const [newest] = (await catalog.backups.latest(target, 5)).filter(({ status }) => status === 'completed');
  const wanted = history.usedBytes + (newest?.size ?? 0);
  if (history.usedBytes < quota.bytes && wanted <= quota.bytes) return;
  throw new AppError({
    code: 'store/quota-reached',
    stage: 'store',
    message: `Backups take ${history.usedBytes} bytes of the ${quota.bytes} of BACKUP_QUOTA_BYTES, and ${newest?.size ?? 'one more'} would come on top: no backup is begun`,
    hint: quotaAdvice(quotaForecast(quota.bytes, history, clock.now())),
  });
}
