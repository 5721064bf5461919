import { buffer } from 'node:stream/consumers';
import { AppError } from '#contracts';
import { headerBytes, inspectHeader, inspectWithSidecar, openHeader, type OpenOptions, type ReadHeader } from '#crypto';
import type { ObjectStore } from '#storage';
import { sidecarKey } from './keys.js';

/** The header of a sealed object as it lies in the store: the object's beginning, and the sidecar that a key rotation left beside it. */
export interface StoredHeader {
  readonly key: string;
  /** The first 4096 bytes; fewer when the object is shorter. */
  readonly first: Buffer;
  readonly sidecar: Buffer | undefined;
  /** Why a sidecar that may be there could not be read, and that trying again will not help. */
  readonly sidecarFailure: AppError | undefined;
}

/** Reads both; an object of `bytes` bytes is there. */
export async function readStoredHeader(
  store: ObjectStore,
  key: string,
  bytes: number,
  signal: AbortSignal,
): Promise<StoredHeader> {
  const first =
    bytes === 0
      ? Buffer.alloc(0)
      : await buffer(await store.get(key, { start: 0, end: Math.min(bytes, headerBytes) }, signal));
  try {
    return { key, first, sidecar: await readSidecar(store, sidecarKey(key), signal), sidecarFailure: undefined };
  } catch (error) {
    // An unreadable sidecar must not lose a backup whose own header still opens.
    if (!(error instanceof AppError && error.code.startsWith('store/') && error.retry === 'no-retry')) throw error;
    return { key, first, sidecar: undefined, sidecarFailure: error };
  }
}

/** Opens the header with our keys, by its sidecar where there is one. Throws the errors of a reader, or why the sidecar could not be read where only that one would do. */
export async function openStoredHeader(
  { first, sidecar, sidecarFailure }: StoredHeader,
  options: Omit<OpenOptions, 'sidecar'>,
): Promise<ReadHeader> {
  if (sidecarFailure === undefined)
    return openHeader(first, { ...options, ...(sidecar === undefined ? {} : { sidecar }) });
  return fallBack(sidecarFailure, () => openHeader(first, options));
}

/** What the header says, without a key: nothing of it is proven. */
export async function inspectStoredHeader({ first, sidecar, sidecarFailure }: StoredHeader): Promise<ReadHeader> {
  const embedded = (): Promise<ReadHeader> =>
    Promise.resolve().then(() => ({ header: inspectHeader(first), from: 'file', warnings: [] }));
  if (sidecarFailure !== undefined) return fallBack(sidecarFailure, embedded);
  return sidecar === undefined ? embedded() : inspectWithSidecar(first, sidecar);
}

/** Warnings of a header as sentences that say which object is meant. */
export function warningTexts({ key }: StoredHeader, { warnings }: ReadHeader): string[] {
  return warnings.map(({ message }) => `${key}: ${message}`);
}

async function fallBack(failure: AppError, embedded: () => Promise<ReadHeader>): Promise<ReadHeader> {
  try {
    const { header } = await embedded();
    const message = `The header sidecar was not used: ${failure.message}`;
    return { header, from: 'file', warnings: [{ code: failure.code, message }], sidecarFailure: failure };
  } catch (error) {
    if (isContainerError(error) && error.code !== 'container/not-the-one-asked-for') throw failure;
    throw error;
  }
}

export function isContainerError(error: unknown): error is AppError {
  return error instanceof AppError && error.code.startsWith('container/');
}

async function readSidecar(store: ObjectStore, key: string, signal: AbortSignal): Promise<Buffer | undefined> {
  try {
    return (await store.getBytes(key, headerBytes, signal)).bytes;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'store/no-object') return undefined;
    // Too long to be one: a part of it is enough for the reader of containers to say so.
    if (error.code === 'store/unsupported')
      return buffer(await store.get(key, { start: 0, end: headerBytes + 1 }, signal));
    throw error;
  }
}
