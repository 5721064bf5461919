import type { Random } from '#contracts';
import { headerBytes } from '../constants.js';
import { headerMac, wrap } from '../derive.js';
import type { KeyRing } from '../keys/key-ring.js';
import { defaultScryptCost, isAllowedCost } from '../keys/scrypt-cost.js';
import type { ScryptSlot, Slot, WrappedSlot } from './header-types.js';
import { macOffset, magic } from './parse-header.js';

/** One slot for each current key of the ring. */
export async function makeSlots(options: {
  ring: KeyRing;
  kdfSalt: string;
  fileId: string;
  dek: Buffer;
  random: Random;
  scryptCost?: number;
}): Promise<WrappedSlot[]> {
  const { ring, kdfSalt, fileId, dek, random, scryptCost = defaultScryptCost } = options;
  if (ring.current.length === 0) throw new Error('the key ring has no current key to seal with');
  if (!isAllowedCost({ n: scryptCost, r: 8, p: 1 }))
    throw new Error(`no reader accepts a scrypt cost of ${scryptCost}`);
  const slots: WrappedSlot[] = [];
  for (const key of ring.current) {
    const { keyId, kek } = await ring.kekOf(key, kdfSalt, scryptCost);
    const salt = random.bytes(16);
    const wrapped = wrap(kek, salt, fileId, keyId, dek).toString('base64');
    const slot = { keyId, salt: salt.toString('hex'), wrapped };
    if (key.kind === 'raw') slots.push({ kind: 'raw', ...slot });
    else slots.push({ kind: 'scrypt', ...slot, n: scryptCost, r: 8, p: 1, kdfSalt } satisfies ScryptSlot as ScryptSlot);
  }
  return slots;
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
