import { chance, type Random } from '#contracts';

const jitterShare = 0.2;

/** Milliseconds before a run that failed so many times before is tried again: base · 2^n, up to the most, and up to a fifth more by chance. */
export function retryPauseMs(
  failuresBefore: number,
  { retryBaseMs, retryMostMs }: { readonly retryBaseMs: number; readonly retryMostMs: number },
  random: Random,
): number {
  const pause = Math.min(retryBaseMs * 2 ** Math.min(failuresBefore, 30), retryMostMs);
  return Math.round(pause * (1 + jitterShare * chance(random)));
}
