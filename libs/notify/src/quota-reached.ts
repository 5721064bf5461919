import { AppError } from '#contracts';
import { quotaAdvice, type QuotaForecast } from './quota-forecast.js';
import { primaryQuota, type QuotaNames } from './quota-names.js';

/** Whether a quota has room for so many bytes more; 0: nobody knows how many, and any room at all will do. */
export function quotaHasRoom(quotaBytes: number, usedBytes: number, wantedBytes: number): boolean {
  return usedBytes < quotaBytes && usedBytes + wantedBytes <= quotaBytes;
}

/** The refusal of what a quota has no room for. `consequence`: what is not done. */
export function quotaReached(
  { quotaBytes, usedBytes, consequence }: QuotaReached,
  forecast: Pick<QuotaForecast, 'daysThatFit'>,
  names: QuotaNames = primaryQuota,
): AppError {
  return new AppError({
    code: 'store/quota-reached',
    stage: 'store',
    message: `${names.what} take ${usedBytes} bytes of the ${quotaBytes} of ${names.setting}: ${consequence}`,
    hint: quotaAdvice(forecast, names),
  });
}

interface QuotaReached {
  readonly quotaBytes: number;
  readonly usedBytes: number;
  readonly consequence: string;
}
