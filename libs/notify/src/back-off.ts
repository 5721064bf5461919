const seconds = [30, 120, 600, 3_600];
/** Tries of a channel before its delivery is given up: over four hours. */
export const maxAttempts = 8;

/** Milliseconds until the next try after so many that failed (1 or more); null when none is left. */
export function backOffMs(failedAttempts: number): number | null {
  if (failedAttempts >= maxAttempts) return null;
  return (seconds[Math.min(Math.max(failedAttempts, 1), seconds.length) - 1] ?? 3_600) * 1_000;
}
