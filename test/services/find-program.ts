import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Environment } from './cache.js';

// chroot and debootstrap live here, which is not on everybody's PATH.
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The full path of a program on the PATH, or undefined. */
export function findProgram(name: string, env: Environment, more: readonly string[] = []): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, ...more].map((folder) => join(folder, name)).find(isExecutable);
}

/** As findProgram, also in the folders of system administration. */
export function findSystemProgram(name: string, env: Environment): string | undefined {
  return findProgram(name, env, systemFolders);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
