import type { ClientSession } from 'mongodb';
import type { Connection, ServerDescription } from '../../connection/index.js';

/** A dump that takes longer than the server keeps history would end in the middle: reckoned with this many bytes a second. */
const slowestBytesPerSecond = 30_000_000;

/** Whether every collection can be read at one moment: replica sets and sharded clusters from 5.0, and only as long as the server keeps history. */
export async function snapshotDecision(
  connection: Connection,
  server: ServerDescription,
  estimatedBytes: number | null,
  session: ClientSession,
): Promise<{ snapshot: boolean; warning?: string }> {
  if (server.topology === 'standalone' || server.isFerretdb || server.release[0] < 5) return { snapshot: false };
  const seconds = (estimatedBytes ?? 0) / slowestBytesPerSecond;
  const window = await historyWindow(connection, session);
  if (seconds < window) return { snapshot: true };
  return {
    snapshot: false,
    warning: `not one moment: reading may take longer than the server keeps history (${window} s); raise minSnapshotHistoryWindowInSeconds to have all collections as of one time`,
  };
}

async function historyWindow(connection: Connection, session: ClientSession): Promise<number> {
  const otherwise = 300;
  try {
    const reply = await connection
      .db('admin')
      .command({ getParameter: 1, minSnapshotHistoryWindowInSeconds: 1 }, { session });
    return Number(reply['minSnapshotHistoryWindowInSeconds']) || otherwise;
  } catch {
    // Not every user may ask, and mongos has no such parameter: the server's default counts.
    return otherwise;
  }
}
