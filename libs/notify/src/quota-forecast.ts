import { primaryQuota, type QuotaNames } from './quota-names.js';
import { quotaState, type QuotaState } from './quota-state.js';

const dayMs = 86_400_000;
/** Less history tells nothing of a day. */
const fewestDays = 2;

/** What backups took, as the catalogue remembers it. */
export interface StorageHistory {
  readonly usedBytes: number;
  /** Then, `since`. */
  readonly usedBefore: number;
  /** Written since then, whatever became of it. */
  readonly addedBytes: number;
  /** The beginning of the window; later where there is no older backup. */
  readonly since: Date;
}

export interface QuotaForecast {
  readonly state: QuotaState;
  /** What backups took more from day to day, lately; null: nobody can tell yet. */
  readonly growthPerDay: number | null;
  /** Days until the quota is full, when that goes on; 0: it is; null: it does not fill, there is none, or nobody can tell. */
  readonly daysUntilFull: number | null;
  /** Days of backups, as they come now, that fit into 80 % of the quota; null as above. */
  readonly daysThatFit: number | null;
}

/** When a quota will be full, and how many days of backups it holds, if all goes on as in the window. */
export function quotaForecast(quotaBytes: number | null, history: StorageHistory, now: Date): QuotaForecast {
  const { usedBytes, usedBefore, addedBytes, since } = history;
  const days = (now.getTime() - since.getTime()) / dayMs;
  const state = quotaState(quotaBytes, usedBytes);
  const growthPerDay = days < fewestDays ? null : Math.round((usedBytes - usedBefore) / days);
  if (quotaBytes === null) return { state, growthPerDay, daysUntilFull: null, daysThatFit: null };
  const left = quotaBytes - usedBytes;
  const fills = growthPerDay !== null && growthPerDay > 0;
  return {
    state,
    growthPerDay,
    daysUntilFull: left <= 0 ? 0 : fills ? Math.floor(left / growthPerDay) : null,
    daysThatFit: days < fewestDays || addedBytes <= 0 ? null : Math.floor((0.8 * quotaBytes) / (addedBytes / days)),
  };
}

/** What to do about it, by the forecast. */
export function quotaAdvice(
  { daysThatFit }: Pick<QuotaForecast, 'daysThatFit'>,
  { setting, days }: QuotaNames = primaryQuota,
): string {
  const fit =
    daysThatFit === null
      ? ''
      : daysThatFit < 1
        ? '; not even a day of backups fits'
        : `; about ${daysThatFit} days of backups fit, so keep no more than those (${days})`;
  return `Let retention remove more, delete backups that nobody needs, or raise ${setting}${fit}`;
}

/** The forecast as the end of a sentence; empty: there is none. */
export function describeForecast({ growthPerDay, daysUntilFull }: QuotaForecast): string {
  if (daysUntilFull === 0) return ', and it is full';
  if (growthPerDay === null) return '';
  if (daysUntilFull === null) return ', and it does not fill as backups come and go now';
  return `, and it is full in ${daysUntilFull} days if ${growthPerDay} bytes a day go on being added`;
}
