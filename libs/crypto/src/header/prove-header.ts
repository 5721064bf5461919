import { timingSafeEqual } from 'node:crypto';
import type { KeyRing } from '../keys/key-ring.js';
import { openSlots } from './open-slots.js';
import { parseHeader } from './parse-header.js';

/**
 * Reads a header of our own making as any reader would: its forms are right, and it opens with our keys to the data key. A mistake here would show only on
 * the day of a restore.
 */
export async function proveHeader(region: Buffer, ring: KeyRing, dek: Buffer): Promise<void> {
  let proven: Buffer;
  try {
    proven = await openSlots(parseHeader(region), ring);
  } catch (cause) {
    throw new Error('the header that was to be written could not be read back', { cause });
  }
  const same = timingSafeEqual(proven, dek);
  proven.fill(0);
  if (!same) throw new Error('the header that was to be written does not open to its data key');
}
