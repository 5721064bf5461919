import type { Secret, Topology } from '#contracts';
import { connect, describeServer } from '../../connection/index.js';

/** A look at a server that backups may be restored into. Throws `target/unreachable`, `target/refused`. Writes nothing. */
export async function lookAtRestoreTarget(
  uri: Secret,
  signal: AbortSignal,
): Promise<{ readonly version: string; readonly topology: Topology }> {
  const connection = await connect(uri, 'target', { signal });
  try {
    const { version, topology } = await describeServer(connection, 'target');
    return { version, topology };
  } finally {
    await connection.close();
  }
}
