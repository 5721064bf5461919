import { timingSafeEqual } from 'node:crypto';
import { AppError } from '#contracts';
import type { KeyRing } from '../keys/key-ring.js';
import type { ReadHeader, UnlockedHeader } from './header-types.js';
import { openSlots } from './open-slots.js';
import { bad, parseHeader } from './parse-header.js';
import { parseSidecar } from './parse-sidecar.js';

/**
 * Opens a file by its sidecar. When the sidecar fails in any way that a header can fail, and the embedded header opens with our keys, that one is used, with a
 * warning: a damaged sidecar must not lose a backup. Else its error is the error. An error of another kind (no memory for scrypt, a defect of ours) says
 * nothing about either header and is passed on.
 */
export async function unlockWithSidecar(
  first: Uint8Array,
  sidecar: Uint8Array,
  ring: KeyRing,
): Promise<UnlockedHeader> {
  try {
    return await unlockSidecar(first, sidecar, ring);
  } catch (error) {
    if (!isHeaderFailure(error)) throw error;
    const embedded = await unlockEmbedded(first, ring);
    // A key service that could not be asked may open it yet: that is no final word.
    if (embedded instanceof AppError) throw embedded.retry === 'retry' ? embedded : error;
    return { header: parseHeader(first).header, from: 'file', dek: embedded, ...notUsed(error) };
  }
}

/** By the sidecar alone, compared with the embedded header: no fallback. */
export async function unlockSidecar(first: Uint8Array, sidecar: Uint8Array, ring: KeyRing): Promise<UnlockedHeader> {
  const { region, warnings } = parseSidecar(first, sidecar);
  const dek = await openSlots(region, ring);
  try {
    await compareDataKeys(first, dek, ring);
  } catch (error) {
    dek.fill(0);
    throw error;
  }
  return { header: region.header, from: 'sidecar', dek, warnings };
}

/** The decision of `unlockWithSidecar` without a key, as far as it can be made: nothing of it is proven. */
export function inspectWithSidecar(first: Uint8Array, sidecar: Uint8Array): ReadHeader {
  try {
    const { region, warnings } = parseSidecar(first, sidecar);
    return { header: region.header, from: 'sidecar', warnings };
  } catch (error) {
    if (!isHeaderFailure(error)) throw error;
    try {
      return { header: parseHeader(first).header, from: 'file', ...notUsed(error) };
    } catch {
      throw error;
    }
  }
}

/** If both headers open with our keys, it must be to the same data key. */
async function compareDataKeys(first: Uint8Array, dek: Buffer, ring: KeyRing): Promise<void> {
  const embedded = await unlockEmbedded(first, ring);
  if (embedded instanceof AppError) return;
  const same = timingSafeEqual(embedded, dek);
  embedded.fill(0);
  if (!same) throw bad('the sidecar opens to another data key than the file');
}

/** The data key by the embedded header, or the error that a reader gives on it. */
async function unlockEmbedded(first: Uint8Array, ring: KeyRing): Promise<Buffer | AppError> {
  try {
    return await openSlots(parseHeader(first), ring);
  } catch (error) {
    if (isHeaderFailure(error)) return error;
    throw error;
  }
}

/** The errors that a reader gives on a header (spec/container.md). */
const headerFailure = /^(container\/|keys\/(kms-|write-only$))/;

function isHeaderFailure(error: unknown): error is AppError {
  return error instanceof AppError && headerFailure.test(error.code);
}

function notUsed(sidecarFailure: AppError): Pick<ReadHeader, 'warnings' | 'sidecarFailure'> {
  const { code, message } = sidecarFailure;
  return { warnings: [{ code, message: `The header sidecar was not used: ${message}` }], sidecarFailure };
}
