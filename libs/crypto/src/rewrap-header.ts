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
  /**
   * Slots of the header as it is that stay, byte for byte, behind the new ones: so the old key opens it too, until the new one is proven. Where there is no room
   * for all, one new slot that opens stands for the new ones, which the next header has. Slots of others never go.
   */
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
    const all = slots.length + kept.length <= mostSlots ? [...slots, ...kept] : await bridge(slots, keep, options);
    const rewrapped = encodeHeader({ ...fields, slots: all }, dek);
    await prove(first, rewrapped, to, dek);
    return rewrapped;
  } finally {
    dek.fill(0);
  }
}

/**
 * Between a header and one that has no room for its slots besides: one new slot that opens, before the old ones. In a header that is full already, the last slot of
 * ours steps back for it, of a key that opens nothing here if there is one: a recipient gets his anew with the other new slots. Throws `keys/refused` when those that
 * have to stay leave no room.
 */
async function bridge(
  slots: readonly Slot[],
  keep: readonly Slot[],
  { from, to }: RewrapOptions,
): Promise<readonly Slot[]> {
  const owners = await Promise.all(keep.map((slot) => from.ownerOf(slot)));
  const isNew = ({ keyId }: Slot): boolean => slots.some((slot) => slot.keyId === keyId);
  const staying = keep.filter((slot, at) => owners[at] === 'unknown' && !isNew(slot));
  if (slots.length + staying.length > mostSlots) throw noRoom(slots.length + staying.length);
  const opening = slots[to.current.findIndex(({ opens }) => opens)];
  // With public keys alone nothing new could be proven.
  if (opening === undefined) throw noRoom(slots.length + keep.length);
  const old = keep.filter(({ keyId }) => keyId !== opening.keyId);
  if (old.length < mostSlots) return [opening, ...old];
  const ours = old.filter((slot) => owners[keep.indexOf(slot)] !== 'unknown');
  const opensNothing = ({ kind, keyId }: Slot): boolean => kind === 'x25519' && from.privateKeyOf(keyId) === undefined;
  const steppingBack = ours.findLast(opensNothing) ?? (ours.length > 1 ? ours.at(-1) : undefined);
  if (steppingBack === undefined) throw noRoom(old.length + 1);
  return [opening, ...old.filter((slot) => slot !== steppingBack)];
}

function noRoom(slots: number): AppError {
  return new AppError({
    code: 'keys/refused',
    stage: 'keys',
    message: `The header has room for ${mostSlots} keys, and ${slots} are to open it`,
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
