import { timingSafeEqual } from 'node:crypto';
import { containerError } from '../container-error.js';
import { headerMac, unwrap } from '../derive.js';
import { isAllowedCost } from '../keys/scrypt-cost.js';
import type { Kek, KeyRing } from '../keys/key-ring.js';
import type { HeaderRegion, ScryptSlot, Slot, WrappedSlot } from './header-types.js';
import { bad, macOffset } from './parse-header.js';

/** The DEK, by the first slot of ours that unwraps; its MAC over the header must be right. Throws `container/unsupported`, `no-key`, `wrong-key`, `bad-header`. */
export async function openSlots(region: HeaderRegion, ring: KeyRing): Promise<Buffer> {
  const { header, bytes } = region;
  let skippedForCost = false;
  let ours = false;
  for (const slot of header.slots) {
    if (isScrypt(slot) && !isAllowedCost(slot)) {
      skippedForCost ||= ring.holdsPassphrase;
      continue;
    }
    for await (const { keyId, kek } of keksFor(slot, ring)) {
      if (keyId !== slot.keyId) continue;
      ours = true;
      const { salt, wrapped } = slot as WrappedSlot;
      const dek = unwrap(kek, Buffer.from(salt, 'hex'), header.fileId, keyId, Buffer.from(wrapped, 'base64'));
      if (dek === null) continue;
      if (!timingSafeEqual(headerMac(dek, bytes.subarray(0, macOffset)), bytes.subarray(macOffset))) {
        dek.fill(0);
        throw bad('its checksum (MAC) does not match');
      }
      return dek;
    }
  }
  if (ours)
    throw containerError(
      'container/wrong-key',
      'A slot of the header has the id of our key, but does not open with it: wrong key, or a damaged header',
    );
  if (skippedForCost)
    throw containerError(
      'container/unsupported',
      'The only slot that might be ours asks for a scrypt cost that is not allowed',
    );
  const ids = header.slots.map(({ keyId }) => keyId).join(', ');
  throw containerError(
    'container/no-key',
    `None of our keys opens it: it was sealed with the key${header.slots.length > 1 ? 's' : ''} ${ids}`,
  );
}

/** KEKs of ours that fit a slot's kind, one at a time: the next passphrase is derived only when the one before did not do. */
async function* keksFor(slot: Slot, ring: KeyRing): AsyncGenerator<Kek> {
  if (slot.kind === 'raw') yield* ring.rawKeks();
  else if (isScrypt(slot)) yield* ring.scryptKeks(slot.kdfSalt, slot.n);
}

function isScrypt(slot: Slot): slot is ScryptSlot {
  return slot.kind === 'scrypt';
}
