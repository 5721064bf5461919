import { Secret } from '#contracts';
import { connect, type Connection, type ConnectOptions } from './connect.js';
import { describeServer, type ServerDescription } from './describe-server.js';
import { directUri } from './direct-uri.js';
import { translateMongoError, type Side } from './translate-error.js';

/**
 * Connects so that every command reaches the same server. A cursor lives on one server; the driver chooses one anew for each command that it is
 * given, among several routers (mongos), and among members when the URI asks for reads from secondaries.
 */
export async function connectToOneServer(
  uri: Secret,
  side: Side,
  options: ConnectOptions = {},
): Promise<{ readonly connection: Connection; readonly server: ServerDescription }> {
  const connection = await connect(uri, side, options);
  try {
    const server = await describeServer(connection, side);
    const address = await onlyServer(connection, server, side);
    if (address === undefined) return { connection, server };
    const { credentials, tls } = connection.client.options;
    const pinned = directUri(uri.reveal(), address, {
      tls,
      ...(credentials === undefined ? {} : { authSource: credentials.source }),
    });
    await connection.close();
    return { connection: await connect(new Secret(pinned), side, options), server };
  } catch (error) {
    await connection.close().catch(() => undefined);
    throw error;
  }
}

/** The address to stay with; undefined when the driver has no choice anyway. */
async function onlyServer(
  connection: Connection,
  { topology }: ServerDescription,
  side: Side,
): Promise<string | undefined> {
  const { hosts, directConnection, readPreference } = connection.client.options;
  if (directConnection || topology === 'standalone') return undefined;
  if (topology === 'sharded') return hosts.length > 1 ? hosts[0]?.toString() : undefined;
  // There is one primary at a time; when another one takes over, its cursors are lost and the dump fails, as it should.
  if (readPreference.mode === 'primary') return undefined;
  try {
    const hello = await connection.db('admin').command({ hello: 1 }, { readPreference });
    return typeof hello['me'] === 'string' ? hello['me'] : undefined;
  } catch (error) {
    throw translateMongoError(error, side, 'probe');
  }
}
