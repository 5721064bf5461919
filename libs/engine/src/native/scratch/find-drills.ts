import type { Secret } from '#contracts';
import { dropMarked, findMarked, withScratchTarget, type ScratchMark } from './scratch-databases.js';

/** A database that a drill made and has not dropped. */
export interface FoundDrill {
  readonly database: string;
  readonly runId: string;
  /** Of the run that made it; 0 for one of a version that did not write it. */
  readonly fence: number;
  readonly beat: number;
  /** Standing still for so long it is abandoned. */
  readonly leaseMs: number;
}

/** Of a marker that does not tell. */
const usualLeaseMs = 120_000;

/** The databases of drills on a scratch target, running ones too. Those of scratch restores are not among them: people look at those. */
export async function findDrills(uri: Secret, signal: AbortSignal): Promise<FoundDrill[]> {
  const marked = await withScratchTarget(uri, findMarked, signal);
  return marked.flatMap(({ database, mark: { restoreId: runId, fence = 0, beat, leaseMs = usualLeaseMs } }) =>
    beat === undefined ? [] : [{ database, runId, fence, beat, leaseMs }],
  );
}

/** Drops the database of a drill that was killed, if its marker still is the one that was seen; false when it is not. */
export async function dropDrill(uri: Secret, { database, runId, fence, beat }: FoundDrill): Promise<boolean> {
  const isSeen = (mark: ScratchMark) => mark.restoreId === runId && (mark.fence ?? 0) === fence && mark.beat === beat;
  const dropped = await withScratchTarget(uri, (client) => dropMarked(client, [database], isSeen));
  return dropped.length > 0;
}
