import type { Random } from '#contracts';
import { openHeader } from './header/open-header.js';
import { openSlots } from './header/open-slots.js';
import { parseHeader } from './header/parse-header.js';
import { encodeHeader, makeSlots } from './header/write-header.js';
import type { KeyRing } from './keys/key-ring.js';

/** A header sidecar: the same header and data key, with slots for the current keys of `to`. Proven to open with `to` before it is returned. */
export async function rewrapHeader(
  first: Uint8Array,
  options: { from: KeyRing; to: KeyRing; kdfSalt: string; random: Random; scryptCost?: number },
): Promise<Buffer> {
  const { dek } = await openHeader(first, { ring: options.from, expect: {} });
  const { value, header } = parseHeader(first);
  const { to, kdfSalt, random, scryptCost } = options;
  const slots = await makeSlots({
    ring: to,
    kdfSalt,
    fileId: header.fileId,
    dek,
    random,
    ...(scryptCost === undefined ? {} : { scryptCost }),
  });
  const sidecar = encodeHeader({ ...value, slots }, dek);
  const proven = await openSlots(parseHeader(sidecar), to);
  if (!proven.equals(dek)) throw new Error('the new header does not open to the data key');
  return sidecar;
}
