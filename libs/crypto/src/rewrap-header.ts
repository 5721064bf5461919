import { timingSafeEqual } from 'node:crypto';
import { AppError, type Random } from '#contracts';
import { unlockHeader, type OpenOptions } from './header/open-header.js';
import { unlockSidecar } from './header/open-sidecar.js';
import type { Slot } from './header/header-types.js';
import { parseEmbeddedFields, parseHeader } from './header/parse-header.js';
import { encodeHeader, makeSlots } from './header/write-header.js';
import type { KeyRing } from './keys/key-ring.js';

export interface RewrapOptions {
  /** Keys of which one opens the file as it is. */
  readonly from: KeyRing;
  /** Keys whose current ones open it afterwards. */
  readonly to: KeyRing;
  readonly kdfSalt: string;
  readonly random: Random;
  readonly scryptCost?: number;
  /** The sidecar that is there already, of an earlier rotation. */
  readonly sidecar?: Buffer;
  readonly expect?: OpenOptions['expect'];
  /** Slots of the header as it is that stay, byte for byte, behind the new ones: so the old key opens it too, until the new one is proven. Where there is no room for all, those of `from`'s own retired keys go first; slots of others never go unsaid. */
  readonly keep?: readonly Slot[];
}

const mostSlots = 8;

/** A header sidecar: the same header and data key, with slots for the current keys of `to`. Proven to stand in for the file's header with `to` alone before it is returned. */
export async function rewrapHeader(first: Uint8Array, options: RewrapOptions): Promise<Buffer> {
  const { from, to, kdfSalt, random, scryptCost, sidecar, expect = {}, keep = [] } = options;
  const { dek } = await unlockHeader(first, { ring: from, expect, ...(sidecar === undefined ? {} : { sidecar }) });
  try {
    const fields = fieldsToKeep(first, sidecar);
    const slots = await makeSlots({
      ring: to,
      kdfSalt,
      fileId: String(fields['fileId']),
      dek,
      random,
      ...(scryptCost === undefined ? {} : { scryptCost }),
    });
    const kept = keep.filter(({ keyId }) => !slots.some((slot) => slot.keyId === keyId));
    const all = await withinRoom([...slots, ...kept], from);
    const rewrapped = encodeHeader({ ...fields, slots: all }, dek);
    await prove(first, rewrapped, to, dek);
    return rewrapped;
  } finally {
    dek.fill(0);
  }
}

/** The header in the file keeps what our retired keys open; a slot of another key has nobody here to speak for it. */
async function withinRoom(slots: readonly Slot[], from: KeyRing): Promise<readonly Slot[]> {
  const kept = [...slots];
  for (let at = kept.length - 1; at >= 0 && kept.length > mostSlots; at -= 1) {
    const slot = kept[at];
    if (slot !== undefined && (await from.ownerOf(slot)) === 'retired') kept.splice(at, 1);
  }
  if (kept.length <= mostSlots) return kept;
  throw new AppError({
    code: 'keys/refused',
    stage: 'keys',
    message: `The header has room for ${mostSlots} keys, and ${kept.length} are to open it`,
    hint: 'Name fewer recipients, or give keys whose slots may go in BACKUP_ENCRYPTION_KEYS_RETIRED',
  });
}

/** The fields that must stay: those in the file, for a sidecar is compared with them; of the earlier sidecar where the file's own header is damaged. */
function fieldsToKeep(first: Uint8Array, sidecar: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  try {
    return parseEmbeddedFields(first);
  } catch (error) {
    if (sidecar === undefined || !(error instanceof AppError)) throw error;
    return parseHeader(sidecar).value;
  }
}

async function prove(first: Uint8Array, rewrapped: Buffer, to: KeyRing, dek: Buffer): Promise<void> {
  const proven = await unlockSidecar(first, rewrapped, to);
  const same = timingSafeEqual(proven.dek, dek);
  proven.dek.fill(0);
  if (!same) throw new Error('the new header does not open to the data key');
}
