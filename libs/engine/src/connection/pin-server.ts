import { AppError, Secret } from '#contracts';
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
    const addresses = await possibleServers(connection, server, side);
    if (addresses.length === 0) return { connection, server };
    const { credentials, tls } = connection.client.options;
    const facts = { tls, ...(credentials === undefined ? {} : { authSource: credentials.source }) };
    const uris = addresses.map((address) => new Secret(directUri(uri.reveal(), address, facts)));
    await connection.close();
    return { connection: await connectToFirst(uris, side, options), server };
  } catch (error) {
    await connection.destroy().catch(() => undefined);
    throw error;
  }
}

/** The first that can be reached: one router of several may be down. */
async function connectToFirst(uris: readonly Secret[], side: Side, options: ConnectOptions): Promise<Connection> {
  let unreachable: unknown;
  for (const uri of uris) {
    try {
      return await connect(uri, side, options);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== `${side}/unreachable`) throw error;
      unreachable = error;
    }
  }
  throw unreachable;
}

/** The addresses to choose one of; none when the driver has no choice anyway. */
async function possibleServers(
  connection: Connection,
  { topology }: ServerDescription,
  side: Side,
): Promise<readonly string[]> {
  const { hosts, directConnection, readPreference } = connection.client.options;
  if (directConnection || topology === 'standalone') return [];
  if (topology === 'sharded') return hosts.length > 1 ? hosts.map((host) => host.toString()) : [];
  // There is one primary at a time; when another one takes over, its cursors are lost and the dump fails, as it should.
  if (readPreference.mode === 'primary') return [];
  try {
    const hello = await connection.db('admin').command({ hello: 1 }, { readPreference });
    return typeof hello['me'] === 'string' ? [hello['me']] : [];
  } catch (error) {
    throw translateMongoError(error, side, 'probe');
  }
}
