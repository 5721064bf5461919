import { createHash } from 'node:crypto';
import type { LoadRequest } from '../../engine.js';
import { compare } from './names.js';

/** Tells whether a restore is the same one again: SHA-256 over what decides which collections it writes and how. */
export function optionsDigest(request: LoadRequest): string {
  const { databases, include, exclude, rename, mode, onConflict, oplogReplay, usersAndRoles } = request;
  const sorted = (names: readonly string[]) => [...names].sort(compare);
  const options = [
    sorted(databases),
    sorted(include),
    sorted(exclude),
    rename.map(({ from, to }) => [from, to]),
    mode,
    onConflict,
    // Absent otherwise: restores that an older version left behind are still known.
    ...(oplogReplay === true ? ['oplog'] : []),
    ...(usersAndRoles === true ? ['users'] : []),
  ];
  return createHash('sha256').update(JSON.stringify(options), 'utf8').digest('hex');
}
