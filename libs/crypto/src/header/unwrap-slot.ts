import { unwrap } from '../derive.js';
import { hpkeOpen } from '../hpke/hpke.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { KmsSlot, ScryptSlot, Slot, WrappedSlot, X25519Slot } from './header-types.js';

/**
 * What a slot gives with each key of ours that it names: the data key, or null where it does not open. Nothing at all: it is not ours. One after another: the
 * next passphrase is derived only when the one before did not do. Throws `keys/kms-…` when KMS had to be asked and could not say.
 */
export async function* unwrapSlot(slot: Slot, fileId: string, ring: KeyRing): AsyncGenerator<Buffer | null> {
  if (slot.kind === 'raw' || slot.kind === 'scrypt') {
    const { keyId, salt, wrapped } = slot as WrappedSlot;
    const keks = slot.kind === 'raw' ? ring.rawKeks() : scryptKeks(slot as ScryptSlot, ring);
    for await (const { keyId: ours, kek } of keks)
      if (ours === keyId) yield unwrap(kek, Buffer.from(salt, 'hex'), fileId, keyId, Buffer.from(wrapped, 'base64'));
  } else if (slot.kind === 'x25519') {
    const privateKey = ring.privateKeyOf(slot.keyId);
    if (privateKey !== undefined) yield openFor(privateKey, slot as X25519Slot, fileId);
  } else if (slot.kind === 'aws-kms') {
    const { keyArn, wrapped } = slot as KmsSlot;
    const kms = ring.wrapperOf(keyArn);
    if (kms !== undefined) yield kms.unwrap(keyArn, fileId, Buffer.from(wrapped, 'base64'));
  }
}

/** What the key schedule of a recipient's slot is bound to: this file and this recipient. */
export function recipientInfo(fileId: string, keyId: string): string {
  return `hazina/v1/x25519/${fileId}/${keyId}`;
}

async function openFor(
  privateKey: Buffer,
  { keyId, enc, wrapped }: X25519Slot,
  fileId: string,
): Promise<Buffer | null> {
  const message = { enc: Buffer.from(enc, 'base64'), sealed: Buffer.from(wrapped, 'base64') };
  return hpkeOpen(privateKey, recipientInfo(fileId, keyId), message);
}

function scryptKeks({ kdfSalt, n }: ScryptSlot, ring: KeyRing) {
  return ring.scryptKeks(kdfSalt, n);
}
