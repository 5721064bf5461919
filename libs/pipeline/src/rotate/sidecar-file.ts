import { buffer } from 'node:stream/consumers';
import { AppError } from '#contracts';
import { headerBytes } from '#crypto';
import type { ObjectStore, PutBytesOptions } from '#storage';

/** A header sidecar as it stands, with its version. */
export interface SidecarFile {
  readonly bytes: Buffer;
  readonly etag: string;
}

/** Null when there is none. One that is too long comes with a byte too many: the reader of containers says so. */
export async function readSidecarFile(
  store: ObjectStore,
  key: string,
  signal: AbortSignal,
): Promise<SidecarFile | null> {
  const head = await store.head(key, signal);
  if (head === null) return null;
  try {
    const end = Math.min(head.bytes, headerBytes + 1);
    const bytes = end === 0 ? Buffer.alloc(0) : await buffer(await store.get(key, { start: 0, end }, signal));
    // The version is the one seen before the bytes were read: was it replaced in between, the next write on it is refused.
    return { bytes, etag: head.etag };
  } catch (error) {
    if (error instanceof AppError && error.code === 'store/no-object') return null;
    throw error;
  }
}

/** Writes a sidecar in the place of the one that was read (null: of none), where the store honours such conditions. False: another stands there meanwhile. */
export async function writeSidecarFile(
  store: ObjectStore,
  key: string,
  bytes: Buffer,
  standing: SidecarFile | null,
  signal: AbortSignal,
): Promise<boolean> {
  const abilities = await store.abilities(signal);
  const condition: PutBytesOptions =
    standing === null
      ? { ifNoneMatch: abilities.conditionalCreate }
      : abilities.conditionalReplace
        ? { ifMatch: standing.etag }
        : {};
  try {
    await store.putBytes(key, bytes, { ...condition, signal });
    return true;
  } catch (error) {
    if (error instanceof AppError && (error.code === 'store/exists' || error.code === 'store/precondition-failed'))
      return false;
    throw error;
  }
}
