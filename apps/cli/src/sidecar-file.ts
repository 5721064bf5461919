import { readFile } from 'node:fs/promises';
import { bad } from './choose-backup.js';

/** The file given by `--header`. */
export async function readSidecarFile(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    throw bad(`${path} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`);
  }
}
