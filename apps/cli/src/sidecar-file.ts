import { open } from 'node:fs/promises';
import { systemCode } from '#contracts';
import { headerBytes } from '#crypto';
import { bad } from './choose-backup.js';

/** The file given by `--header`; of one that is too long for a sidecar as much as shows it. */
export async function readSidecarFile(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    const file = await open(path);
    try {
      const bytes = Buffer.alloc(headerBytes + 1);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw bad(`${path} cannot be read (${systemCode(error) ?? 'unknown'})`);
  }
}
