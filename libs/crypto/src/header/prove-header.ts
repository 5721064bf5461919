import { timingSafeEqual } from 'node:crypto';
import { AppError } from '#contracts';
import { headerMac } from '../derive.js';
import type { KeyRing } from '../keys/key-ring.js';
import { openSlots } from './open-slots.js';
import { macOffset, parseHeader } from './parse-header.js';

/**
 * Reads a header of our own making the way that every reader does: its forms are right, and it opens with our keys to the data key. A mistake here would show only on
 * the day of a restore. Sealed for recipients alone, it cannot be opened by who made it: then its forms and its MAC are proven.
 */
export async function proveHeader(region: Buffer, ring: KeyRing, dek: Buffer): Promise<void> {
  if (!ring.opensWhatItSeals) {
    const { bytes } = parseHeader(region);
    if (timingSafeEqual(headerMac(dek, bytes.subarray(0, macOffset)), bytes.subarray(macOffset))) return;
    throw new Error('the header that was to be written has another MAC');
  }
  let proven: Buffer;
  try {
    proven = await openSlots(parseHeader(region), ring);
  } catch (cause) {
    if (cause instanceof AppError && cause.code.startsWith('keys/kms-')) throw cause;
    throw new Error('the header that was to be written could not be read back', { cause });
  }
  const same = timingSafeEqual(proven, dek);
  proven.fill(0);
  if (!same) throw new Error('the header that was to be written does not open to its data key');
}
