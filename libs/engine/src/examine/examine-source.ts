import { AppError, askedDatabases, cancelled, databaseOf, type Clock } from '#contracts';
import { connect, describeServer, translateMongoError, type Connection } from '../connection/index.js';
import type { ServerDescription } from '../connection/index.js';
import type { DumpProbe, DumpRequest } from '../engine.js';
import { createNativeDumpEngine } from '../native/dump/native-dump.engine.js';
import { readLogin, type Login } from './read-login.js';

/** What is known of a server before it is backed up. */
export interface SourceExam {
  readonly server: Pick<ServerDescription, 'version' | 'release' | 'topology' | 'isFerretdb'>;
  /** Of a replica set. */
  readonly setName: string | null;
  /** Milliseconds that the server's clock is ahead of ours; null: it does not tell its time. */
  readonly skewMs: number | null;
  readonly login: Login;
  /** The one database that the URI's path limits a backup to; null: no limit, or databases were named. */
  readonly limitedTo: string | null;
  /** The databases that a backup is limited to, by name or by the URI's path; empty: all. */
  readonly named: readonly string[];
  /** What a backup would hold, or why it would fail; `slow`: it was not listed in the time that there was. */
  readonly contents: Pick<DumpProbe, 'databases' | 'estimatedBytes' | 'warnings'> | AppError | 'slow';
}

export interface ExamOptions {
  readonly request: DumpRequest;
  readonly clock: Clock;
  /** Of this program. */
  readonly version: string;
  /** How long to look for the server; less than what the whole may take, so that the reason is told. */
  readonly selectionMs: number;
  /** How long the look may take as a whole: what was found by then is told. */
  readonly limitMs: number;
}

/** When this much of the time is over, a server with very many collections is left alone. */
const listingShare = 0.9;

/** Looks at a server as a backup would, and besides at who we are to it. Throws `source/unreachable`, `source/refused`, `config/invalid`; writes nothing. */
export async function examineSource(options: ExamOptions, signal: AbortSignal): Promise<SourceExam> {
  const { request, clock } = options;
  const enough = AbortSignal.timeout(options.limitMs * listingShare);
  const connection = await connect(request.uri, 'source', { serverSelectionTimeoutMs: options.selectionMs, signal });
  const onAbort = (): void => void connection.destroy().catch(() => undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const server = await describeServer(connection, 'source');
    const { skewMs, setName } = await askTime(connection, clock);
    const login = await readLogin(connection);
    const path = databaseOf(request.uri.reveal());
    const named = askedDatabases(request.databases, path);
    const limitedTo = request.databases.length > 0 ? null : (named[0] ?? null);
    return { server, skewMs, setName, login, limitedTo, named, contents: await look(options, enough, signal) };
  } catch (error) {
    throw signal.aborted ? cancelled(signal, 'probe') : translateMongoError(error, 'source', 'probe');
  } finally {
    signal.removeEventListener('abort', onAbort);
    await connection.close().catch(() => undefined);
  }
}

async function look(
  { request, version }: ExamOptions,
  enough: AbortSignal,
  signal: AbortSignal,
): Promise<SourceExam['contents']> {
  try {
    const engine = createNativeDumpEngine({ engineVersion: version });
    return await engine.probe(request, AbortSignal.any([signal, enough]));
  } catch (error) {
    if (signal.aborted) throw error;
    return enough.aborted ? 'slow' : AppError.from(error, 'probe');
  }
}

/** The server's time against ours in the middle of the question. */
async function askTime(
  connection: Connection,
  clock: Clock,
): Promise<{ skewMs: number | null; setName: string | null }> {
  const before = clock.now().getTime();
  const { localTime, setName } = (await connection.db('admin').command({ hello: 1 })) as Record<string, unknown>;
  const middle = (before + clock.now().getTime()) / 2;
  return {
    skewMs: localTime instanceof Date ? localTime.getTime() - middle : null,
    setName: typeof setName === 'string' ? setName : null,
  };
}
