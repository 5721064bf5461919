import type { Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { onTarget } from '../load/target-errors.js';
import { markerOf, scratchNames } from './scratch-databases.js';

/** A database that a scratch restore made; whether anybody still wants it, its record tells. */
export interface FoundScratch {
  readonly database: string;
  readonly restoreId: string;
}

/** The databases of scratch restores on a target. Those of drills are not among them: their markers beat. */
export async function findScratch(uri: Secret, signal: AbortSignal): Promise<FoundScratch[]> {
  return onTarget('load', async () => {
    const connection = await connect(uri, 'target', { signal });
    const { client } = connection;
    try {
      const found: FoundScratch[] = [];
      for (const database of await scratchNames(client)) {
        const mark = await markerOf(client, database);
        if (mark !== null && mark.beat === undefined) found.push({ database, restoreId: mark.restoreId });
      }
      return found;
    } finally {
      await connection.close();
    }
  });
}
