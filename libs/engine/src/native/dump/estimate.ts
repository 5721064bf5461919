import type { ClientSession, Db } from 'mongodb';
import type { Connection } from '../../connection/index.js';

/** Average bytes of a document; 1,000 when the server does not say. */
export async function averageDocument(db: Db, collection: string, session: ClientSession): Promise<number> {
  try {
    const stats = await db.command({ collStats: collection }, { session });
    return Number(stats['avgObjSize']) || 1000;
  } catch {
    // Statistics only plan the size of replies: views and some rights have none.
    return 1000;
  }
}

/** BSON bytes of the databases, by the server's statistics; null when it gives none. */
export async function estimateBytes(
  connection: Connection,
  names: readonly string[],
  session: ClientSession,
): Promise<number | null> {
  let bytes = 0;
  for (const name of names) {
    try {
      const stats = await connection.db(name).command({ dbStats: 1 }, { session });
      bytes += Number(stats['dataSize']) || 0;
    } catch {
      return null;
    }
  }
  return bytes;
}
