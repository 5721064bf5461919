import { MongoServerError } from 'mongodb';
import type { Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { onTarget } from '../load/target-errors.js';
import { markerOf, scratchNames, scratchSilenceMs } from './scratch-databases.js';

const unauthorized = 13;

/** A database that a scratch restore made; whether anybody still wants it, its record tells. */
export interface FoundScratch {
  readonly database: string;
  readonly restoreId: string;
}

/** The databases of scratch restores on a target. Those of drills are not among them: their markers beat. */
export async function findScratch(uri: Secret, signal: AbortSignal): Promise<FoundScratch[]> {
  return onTarget('load', async () => {
    const connection = await connect(uri, 'target', { signal, silenceTimeoutMs: scratchSilenceMs });
    const { client } = connection;
    try {
      const found: FoundScratch[] = [];
      for (const database of await scratchNames(client)) {
        const mark = await markerOf(client, database).catch(unreadable);
        if (mark !== null && mark.beat === undefined) found.push({ database, restoreId: mark.restoreId });
      }
      return found;
    } finally {
      await connection.close();
    }
  });
}

/** One that this user must not read is not ours to drop either; the others are looked at. */
function unreadable(error: unknown): null {
  if (error instanceof MongoServerError && error.code === unauthorized) return null;
  throw error;
}
