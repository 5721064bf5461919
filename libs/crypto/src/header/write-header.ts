import type { Random } from '#contracts';
import { headerBytes } from '../constants.js';
import { headerMac, wrap } from '../derive.js';
import type { KeyRing } from '../keys/key-ring.js';
import { defaultScryptCost, isAllowedCost } from '../keys/scrypt-cost.js';
import { hpkeSeal } from '../hpke/hpke.js';
import type { OperatorKey } from '../keys/operator-key.js';
import type { KmsSlot, ScryptSlot, Slot, WrappedSlot, X25519Slot } from './header-types.js';
import { macOffset, magic } from './parse-header.js';
import { recipientInfo } from './unwrap-slot.js';

interface SlotOptions {
  ring: KeyRing;
  kdfSalt: string;
  fileId: string;
  dek: Buffer;
  random: Random;
  scryptCost?: number;
}

/** One slot for each current key of the ring. Throws `keys/kms-…`. */
export async function makeSlots(options: SlotOptions): Promise<Slot[]> {
  const { ring, scryptCost = defaultScryptCost } = options;
  if (ring.current.length === 0) throw new Error('the key ring has no current key to seal with');
  if (!isAllowedCost({ n: scryptCost, r: 8, p: 1 }))
    throw new Error(`no reader accepts a scrypt cost of ${scryptCost}`);
  const slots: Slot[] = [];
  for (const key of ring.current) slots.push(await makeSlot(key, { ...options, scryptCost }));
  return slots;
}

async function makeSlot(key: OperatorKey, options: SlotOptions & { scryptCost: number }): Promise<Slot> {
  const { ring, kdfSalt, fileId, dek, random, scryptCost } = options;
  const material = key.material();
  switch (material.kind) {
    case 'x25519-private':
    case 'x25519-public': {
      const keyId = await ring.nameOf(key, kdfSalt);
      const { enc, sealed } = await hpkeSeal(material.publicKey, recipientInfo(fileId, keyId), dek);
      const wrapped = sealed.toString('base64');
      const slot: X25519Slot = { kind: 'x25519', keyId, enc: enc.toString('base64'), wrapped };
      return slot;
    }
    case 'aws-kms': {
      const { keyArn } = material;
      const wrapped = (await ring.wrapper.wrap(keyArn, fileId, dek)).toString('base64');
      const slot: KmsSlot = { kind: 'aws-kms', keyId: await ring.nameOf(key, kdfSalt), keyArn, wrapped };
      return slot;
    }
    default: {
      const { keyId, kek } = await ring.kekOf(key, kdfSalt, scryptCost);
      const salt = random.bytes(16);
      const wrapped = wrap(kek, salt, fileId, keyId, dek).toString('base64');
      const raw: WrappedSlot = { kind: 'raw', keyId, salt: salt.toString('hex'), wrapped };
      if (key.kind === 'raw') return raw;
      const phrase: ScryptSlot = { ...raw, kind: 'scrypt', n: scryptCost, r: 8, p: 1, kdfSalt };
      return phrase;
    }
  }
}

/** The 4096 bytes: magic, length, JSON, padding, MAC. */
export function encodeHeader(
  value: Readonly<Record<string, unknown>> & { slots: readonly Slot[] },
  dek: Buffer,
): Buffer {
  const json = Buffer.from(JSON.stringify(value), 'utf8');
  if (json.length > macOffset - 12)
    throw new Error(`the header JSON has ${json.length} bytes: fewer key slots are needed`);
  const region = Buffer.alloc(headerBytes);
  magic.copy(region);
  region.writeUInt32BE(json.length, 8);
  json.copy(region, 12);
  headerMac(dek, region.subarray(0, macOffset)).copy(region, macOffset);
  return region;
}
