import { timingSafeEqual } from 'node:crypto';
import { AppError } from '#contracts';
import { containerError } from '../container-error.js';
import { headerMac } from '../derive.js';
import { isAllowedCost } from '../keys/scrypt-cost.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { HeaderRegion, ScryptSlot, Slot } from './header-types.js';
import { bad, macOffset } from './parse-header.js';
import { unwrapSlot } from './unwrap-slot.js';

/**
 * The DEK, by the first slot of ours that unwraps; its MAC over the header must be right. Throws `container/unsupported`, `no-key`, `wrong-key`, `bad-header`,
 * `keys/write-only` (it was sealed for a recipient of ours, and we are not the holder), and `keys/kms-…` when KMS could not say and nothing else opened it.
 */
export async function openSlots(region: HeaderRegion, ring: KeyRing): Promise<Buffer> {
  const { header } = region;
  let skippedForCost = false;
  let ours = false;
  let silent: AppError | undefined;
  for (const slot of header.slots) {
    if (isScrypt(slot) && !isAllowedCost(slot)) {
      skippedForCost ||= ring.holdsPassphrase;
      continue;
    }
    try {
      for await (const dek of unwrapSlot(slot, header.fileId, ring)) {
        ours = true;
        if (dek !== null) return proven(dek, region);
      }
    } catch (error) {
      // A service that does not answer must not keep another key from opening it.
      if (!isOfService(error)) throw error;
      silent ??= error;
    }
  }
  throw silent ?? closed(header.slots, ring, { ours, skippedForCost });
}

function proven(dek: Buffer, { bytes }: HeaderRegion): Buffer {
  if (timingSafeEqual(headerMac(dek, bytes.subarray(0, macOffset)), bytes.subarray(macOffset))) return dek;
  dek.fill(0);
  throw bad('its checksum (MAC) does not match');
}

function closed(
  slots: readonly Slot[],
  ring: KeyRing,
  { ours, skippedForCost }: { readonly ours: boolean; readonly skippedForCost: boolean },
): AppError {
  if (ours)
    return containerError(
      'container/wrong-key',
      'A slot of the header has the id of our key, but does not open with it: wrong key, or a damaged header',
    );
  if (skippedForCost)
    return containerError(
      'container/unsupported',
      'The only slot that might be ours asks for a scrypt cost that is not allowed',
    );
  const recipients = ring.recipientIds();
  const held = slots.filter(({ kind, keyId }) => kind === 'x25519' && recipients.includes(keyId));
  if (held.length > 0) return writeOnly(`It was sealed for ${held.map(({ keyId }) => keyId).join(', ')}`);
  const ids = slots.map(({ keyId }) => keyId).join(', ');
  return containerError(
    'container/no-key',
    `None of our keys opens it: it was sealed with the key${slots.length > 1 ? 's' : ''} ${ids}`,
  );
}

/** What a process that holds public keys alone answers when something is to be opened. */
export function writeOnly(what: string): AppError {
  return new AppError({
    code: 'keys/write-only',
    stage: 'keys',
    message: `${what}, and only the public key is here: what was written cannot be read here`,
    hint: 'This is how a write-only process is meant to be. Open it where the private key is (BACKUP_ENCRYPTION_KEY=x25519-private:…)',
  });
}

function isOfService(error: unknown): error is AppError {
  return error instanceof AppError && error.code.startsWith('keys/kms-');
}

function isScrypt(slot: Slot): slot is ScryptSlot {
  return slot.kind === 'scrypt';
}
