import { createHash } from 'node:crypto';
import { compactTime } from './ids.js';

/** Whole seconds, at most so many, by which a target begins later than a time that it shares with others: the same in every process, another for each target and time. */
export function jitterOf(target: string, at: Date, mostSeconds: number): number {
  const digest = createHash('sha256')
    .update(`${target}/${compactTime(at)}/start`)
    .digest();
  // 48 bits of it.
  return digest.readUIntBE(0, 6) % (mostSeconds + 1);
}
