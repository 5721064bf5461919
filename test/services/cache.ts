import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { markOf } from './process-mark.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where installed servers and running sets live, outside the work tree. */
export interface Cache {
  readonly root: string;
  /** Programs, one file each, with the version in the name. */
  readonly bin: string;
  /** One folder per running set of services. */
  readonly instances: string;
  readonly locks: string;
  /** Output of installers, kept for the reader of an error message. */
  readonly logs: string;
  /** Half-done work; what is complete is renamed out of here. */
  readonly temporary: string;
}

/** `HAZINA_CACHE_DIR`, else `$XDG_CACHE_HOME/hazina`, else `~/.cache/hazina`; made when missing. */
export function openCache(env: Environment): Cache {
  const root = resolve(cacheRoot(env));
  const cache = {
    root,
    bin: join(root, 'bin'),
    instances: join(root, 'instances'),
    locks: join(root, 'locks'),
    logs: join(root, 'logs'),
    temporary: join(root, 'tmp'),
  };
  for (const folder of Object.values(cache)) mkdirSync(folder, { recursive: true });
  return cache;
}

export function cacheRoot(env: Environment): string {
  const own = env['HAZINA_CACHE_DIR'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG specification: a relative path is invalid and must be ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'hazina');
  return join(homedir(), '.cache', 'hazina');
}

/** A new folder for half-done work; its name says which process works there. */
export function temporaryFolder(cache: Cache, what: string): string {
  const folder = join(cache.temporary, `${what}.${process.pid}.${randomBytes(4).toString('hex')}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Removes what processes left that ended in the middle of their work; a folder in use by someone stays. */
export function sweepTemporary(cache: Cache): void {
  for (const name of readdirSync(cache.temporary)) {
    const pid = Number(name.split('.').at(-2));
    if (Number.isInteger(pid) && pid > 0 && markOf(pid) !== undefined) continue;
    rmSync(join(cache.temporary, name), { recursive: true, force: true });
  }
}

/** Folders named in a state file are removed only below the cache, whatever the file says. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, resolve(path));
  return way !== '' && !way.startsWith('..') && !isAbsolute(way);
}
