import { keyIdOf } from '../derive.js';
import type { KmsSlot, ScryptSlot, Slot } from '../header/header-types.js';
import type { OperatorKey } from './operator-key.js';
import { isAllowedCost } from './scrypt-cost.js';
import { recipientIdOf } from './x25519-key.js';

/** `unknown`: its kind or its key is none of ours. */
export type SlotOwner = 'current' | 'retired' | 'unknown';

/** Whether a slot was made for this key: by its name, which a passphrase has of its own in each slot (`nameUnder` derives it). */
export async function isOwn(
  key: OperatorKey,
  slot: Slot,
  nameUnder: (kdfSalt: string, n: number) => Promise<string>,
): Promise<boolean> {
  const material = key.material();
  switch (material.kind) {
    case 'raw':
      return slot.kind === 'raw' && slot.keyId === keyIdOf(material.kek);
    case 'passphrase': {
      if (slot.kind !== 'scrypt') return false;
      const { kdfSalt, n, r, p } = slot as ScryptSlot;
      return isAllowedCost({ n, r, p }) && (await nameUnder(kdfSalt, n)) === slot.keyId;
    }
    case 'x25519-private':
    case 'x25519-public':
      return slot.kind === 'x25519' && slot.keyId === recipientIdOf(material.publicKey);
    case 'aws-kms':
      return slot.kind === 'aws-kms' && (slot as KmsSlot).keyArn === material.keyArn;
  }
}
