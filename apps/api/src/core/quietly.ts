import type { AppError, Clock } from '#contracts';
import type { ServiceLog } from '../logging/service-log.js';

const repeatAfterMs = 30_000;

/** Logs the troubles of a connection that is tried again and again: each kind at once, then twice a minute. */
export function quietly(clock: Clock, log: ServiceLog): (error: AppError) => void {
  const last = new Map<string, number>();
  return (error) => {
    const now = clock.monotonicMs();
    const before = last.get(error.code);
    if (before !== undefined && now - before < repeatAfterMs) return;
    last.set(error.code, now);
    log.failure(error);
  };
}
