import type { Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { onTarget } from '../load/target-errors.js';
import { dropMarked, markerOf, scratchNames, scratchSilenceMs, type ScratchMark } from './scratch-databases.js';

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
  return onTarget('load', async () => {
    const connection = await connect(uri, 'target', { signal, silenceTimeoutMs: scratchSilenceMs });
    const { client } = connection;
    try {
      const found: FoundDrill[] = [];
      for (const database of await scratchNames(client)) {
        const mark = await markerOf(client, database);
        if (mark?.beat === undefined) continue;
        const { restoreId: runId, fence = 0, beat, leaseMs = usualLeaseMs } = mark;
        found.push({ database, runId, fence, beat, leaseMs });
      }
      return found;
    } finally {
      await connection.close();
    }
  });
}

/** Drops the database of a drill that was killed, if its marker still is the one that was seen; false when it is not. */
export async function dropDrill(uri: Secret, { database, runId, fence, beat }: FoundDrill): Promise<boolean> {
  return onTarget('load', async () => {
    const connection = await connect(uri, 'target', { silenceTimeoutMs: scratchSilenceMs });
    const { client } = connection;
    try {
      const isSeen = (mark: ScratchMark) =>
        mark.restoreId === runId && (mark.fence ?? 0) === fence && mark.beat === beat;
      return (await dropMarked(client, [database], isSeen)).length > 0;
    } finally {
      await connection.close();
    }
  });
}
