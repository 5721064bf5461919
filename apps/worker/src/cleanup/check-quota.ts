import { alertKey } from '#catalog';
import type { AlertKind } from '#contracts';
import { describeForecast, quotaAdvice, quotaForecast, type QuotaForecast } from '#notify';
import type { WorkerParts } from '../core/worker-core.js';
import { tell } from '../verifications/missing-alert.js';

const kinds = { warning: 'quota-warning', critical: 'quota-critical' } as const;
/** The quota is one for all targets. */
const subject = 'store';

export interface QuotaLook extends QuotaForecast {
  readonly usedBytes: number;
  /** Null: none. */
  readonly quotaBytes: number | null;
}

/** How much of the quota is used, and when it will be full: told when it gets worse, and when it is well again. */
export async function checkQuota(parts: WorkerParts): Promise<QuotaLook> {
  const { catalog, clock, config, metrics } = parts;
  const now = clock.now();
  const history = await catalog.backups.storageHistory({}, now);
  const quotaBytes = config.store.quota?.bytes ?? null;
  const forecast = quotaForecast(quotaBytes, history, now);
  const look = { ...forecast, quotaBytes, usedBytes: history.usedBytes };
  metrics.quota(look);
  for (const [worse, kind] of Object.entries(kinds) as [keyof typeof kinds, AlertKind][]) {
    if (worse === look.state) await raise(parts, kind, look);
    else if (worse === 'warning' && look.state === 'critical') continue;
    else await clear(parts, kind, look);
  }
  return look;
}

async function raise(parts: WorkerParts, kind: AlertKind, look: QuotaLook): Promise<void> {
  const { catalog, clock, channels } = parts;
  const notification = await catalog.alerts.raise({
    ...{ key: alertKey(kind, subject), kind, target: null, backupId: null, correlationId: null },
    message: `${describe(look)}${describeForecast(look)}`,
    hint: quotaAdvice(look),
    ...{ at: clock.now(), channels: channels.map(({ name }) => name) },
  });
  await tell(parts, notification);
}

async function clear(parts: WorkerParts, kind: AlertKind, look: QuotaLook): Promise<void> {
  const { catalog, clock } = parts;
  await tell(
    parts,
    await catalog.alerts.clear(alertKey(kind, subject), {
      ...{ message: describe(look), at: clock.now(), target: null, backupId: null },
    }),
  );
}

function describe({ usedBytes, quotaBytes }: QuotaLook): string {
  const percent = quotaBytes === null ? '0' : ((100 * usedBytes) / quotaBytes).toFixed(1);
  return `Backups take ${usedBytes} bytes: ${percent} % of BACKUP_QUOTA_BYTES`;
}
