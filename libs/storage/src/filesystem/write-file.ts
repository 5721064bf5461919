import { constants } from 'node:fs';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { randomSuffix, systemCode, throwIfAborted, type Random } from '#contracts';

export const temporaryPattern = /^\.(.+)\.[a-z0-9]{8}\.tmp$/;

export interface WriteOptions {
  readonly random: Random;
  readonly signal?: AbortSignal;
  /** Returns false, and writes nothing, when the file is there. */
  readonly ifNoneMatch: boolean;
  /** Asked when everything is written, just before it takes the file's place; false: nothing is written. */
  readonly mayReplace?: () => Promise<boolean>;
}

/**
 * Writes a file so that it appears whole or not at all: temporary name in the same folder, fsync of the file, rename, fsync of the folder. Whatever fails, the
 * temporary file is removed. Returns the bytes written, or null when a condition did not hold.
 */
export async function writeFileWhole(
  path: string,
  body: Readable | readonly Uint8Array[],
  options: WriteOptions,
): Promise<number | null> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${basename(path)}.${randomSuffix(options.random, 8)}.tmp`);
  try {
    const bytes = await writeTemporary(temporary, body, options.signal);
    throwIfAborted(options.signal, 'store');
    if (options.mayReplace !== undefined && !(await options.mayReplace())) return null;
    if (!(await publish(temporary, path, options.ifNoneMatch))) return null;
    await syncFolder(folder);
    return bytes;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeTemporary(
  temporary: string,
  body: Readable | readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(temporary, flags, 0o600);
  try {
    let bytes = 0;
    for await (const chunk of body) {
      throwIfAborted(signal, 'store');
      bytes += await writeAll(file, chunk as Uint8Array);
    }
    await file.sync();
    return bytes;
  } finally {
    await file.close();
  }
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<number> {
  for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten;
  return chunk.length;
}

/** `link` refuses an existing name, `rename` replaces it: both at one instant. */
async function publish(temporary: string, path: string, ifNoneMatch: boolean): Promise<boolean> {
  if (!ifNoneMatch) {
    await rename(temporary, path);
    return true;
  }
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
