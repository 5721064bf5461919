import type { QuotaConfig } from '#config';
import { quotaAdvice, quotaForecast, type QuotaNames, type StorageHistory } from '#notify';

/** A quota that is full before is worth a word of advice. */
const soonDays = 30;

/** A quota as clients see it (spec/api.md, "stats"). */
export interface QuotaView {
  readonly bytes: number | null;
  readonly used: number;
  readonly state: string;
  readonly policy: 'warn' | 'refuse' | null;
  readonly growthPerDay: number | null;
  readonly daysUntilFull: number | null;
  readonly daysThatFit: number | null;
  readonly advice: string | null;
}

/** `names`: of a quota that is not that of the primary store. */
export function quotaView(
  quota: QuotaConfig | undefined,
  history: StorageHistory,
  now: Date,
  names?: QuotaNames,
): QuotaView {
  const bytes = quota?.bytes ?? null;
  const forecast = quotaForecast(bytes, history, now);
  const isTight = forecast.state !== 'ok' || (forecast.daysUntilFull !== null && forecast.daysUntilFull <= soonDays);
  return {
    ...{ bytes, used: history.usedBytes, policy: quota?.policy ?? null, ...forecast },
    advice: bytes !== null && isTight ? quotaAdvice(forecast, names) : null,
  };
}
