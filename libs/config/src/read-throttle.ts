import { z } from 'zod';
import type { EnvironmentReader } from './environment-reader.js';

export const leastBytesPerSecond = 1024;

/** Bytes a second at most; null: as fast as it goes. */
export interface ThrottleConfig {
  /** Of archive, read from the server. */
  readonly throttleBytesPerSecond: number | null;
  /** Of the sealed stream, written to the store. */
  readonly storeThrottleBytesPerSecond: number | null;
}

export function readThrottle(reader: EnvironmentReader): ThrottleConfig {
  const rate = (name: 'BACKUP_THROTTLE_BYTES_PER_SECOND' | 'BACKUP_STORE_THROTTLE_BYTES_PER_SECOND') =>
    reader.integer(name, leastBytesPerSecond, Number.MAX_SAFE_INTEGER) ?? null;
  return {
    throttleBytesPerSecond: rate('BACKUP_THROTTLE_BYTES_PER_SECOND'),
    storeThrottleBytesPerSecond: rate('BACKUP_STORE_THROTTLE_BYTES_PER_SECOND'),
  };
}

/** In the targets file. */
export const rateOrOff = z.union([z.int().min(leastBytesPerSecond), z.literal('off')], {
  error: `must be a number of bytes a second, at least ${leastBytesPerSecond}, or off`,
});

/** What the targets file says, over that of the environment. */
export function rateOver(usual: number | null, own: z.output<typeof rateOrOff> | undefined): number | null {
  return own === 'off' ? null : (own ?? usual);
}
