import type { Secret } from '#contracts';
import { findMarked, withScratchTarget } from './scratch-databases.js';

/** A database that a scratch restore made; whether anybody still wants it, its record tells. */
export interface FoundScratch {
  readonly database: string;
  readonly restoreId: string;
}

/** The databases of scratch restores on a target. Those of drills are not among them: their markers beat. */
export async function findScratch(uri: Secret, signal: AbortSignal): Promise<FoundScratch[]> {
  const marked = await withScratchTarget(uri, findMarked, signal);
  return marked.flatMap(({ database, mark: { beat, restoreId } }) =>
    beat === undefined ? [{ database, restoreId }] : [],
  );
}
