import { alertKey } from '#catalog';
import type { AlertKind } from '#contracts';
import { quotaState, type QuotaState } from '#notify';
import type { WorkerParts } from '../core/worker-core.js';
import { tell } from '../verifications/missing-alert.js';

const kinds = { warning: 'quota-warning', critical: 'quota-critical' } as const;
/** The quota is one for all targets. */
const subject = 'store';

/** How much of the quota is used: told when it gets worse, and when it is well again. */
export async function checkQuota(
  parts: WorkerParts,
): Promise<{ readonly state: QuotaState; readonly usedBytes: number }> {
  const { catalog, config } = parts;
  const usedBytes = await catalog.backups.storageBytes();
  const state = quotaState(config.quotaBytes, usedBytes);
  for (const [worse, kind] of Object.entries(kinds) as [keyof typeof kinds, AlertKind][]) {
    if (worse === state) await raise(parts, kind, usedBytes);
    else if (worse === 'warning' && state === 'critical') continue;
    else await clear(parts, kind, usedBytes);
  }
  return { state, usedBytes };
}

async function raise(parts: WorkerParts, kind: AlertKind, usedBytes: number): Promise<void> {
  const { catalog, clock, channels } = parts;
  const notification = await catalog.alerts.raise({
    ...{ key: alertKey(kind, subject), kind, target: null, backupId: null, correlationId: null },
    message: `Backups take ${usedBytes} bytes: ${percent(parts, usedBytes)} % of BACKUP_QUOTA_BYTES`,
    hint: 'Let retention remove more, delete backups that nobody needs, or raise the quota',
    ...{ at: clock.now(), channels: channels.map(({ name }) => name) },
  });
  await tell(parts, notification);
}

async function clear(parts: WorkerParts, kind: AlertKind, usedBytes: number): Promise<void> {
  const { catalog, clock } = parts;
  const message = `Backups take ${usedBytes} bytes: ${percent(parts, usedBytes)} % of BACKUP_QUOTA_BYTES`;
  await tell(
    parts,
    await catalog.alerts.clear(alertKey(kind, subject), { message, at: clock.now(), target: null, backupId: null }),
  );
}

function percent({ config: { quotaBytes } }: WorkerParts, usedBytes: number): string {
  return quotaBytes === null ? '0' : ((100 * usedBytes) / quotaBytes).toFixed(1);
}
