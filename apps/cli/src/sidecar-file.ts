import { readFile } from 'node:fs/promises';
import { systemCode } from '#contracts';
import { bad } from './choose-backup.js';

/** The file given by `--header`. */
export async function readSidecarFile(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    throw bad(`${path} cannot be read (${systemCode(error) ?? 'unknown'})`);
  }
}
