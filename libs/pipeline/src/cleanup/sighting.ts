import type { Sighting } from '../deps.js';
import type { CleanupRun } from './cleanup-types.js';

/** Time counts from the sweeper's own first sighting, which starts anew when the lease changes; and never from a time that lies ahead. */
export function sightingOf(
  { now }: CleanupRun,
  folder: string,
  leaseCounter: number | null,
  before: Sighting | undefined,
): Sighting {
  if (before?.leaseCounter === leaseCounter && before.firstSeen <= now) return before;
  return { folder, firstSeen: now, leaseCounter };
}

/** Milliseconds since then. */
export function stoodFor({ now }: CleanupRun, { firstSeen }: Sighting): number {
  return now.getTime() - firstSeen.getTime();
}
