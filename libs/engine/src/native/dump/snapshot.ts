import { Timestamp, type Document } from 'mongodb';
import type { Consistency } from '#contracts';
import { listNames } from '../load/names.js';
import { printableName } from './describe-collections.js';
import type { DumpRequest } from '../../engine.js';
import type { ListedCollection } from './list-collections.js';
import type { Look } from './look.js';
import { cursorCommand } from './raw-commands.js';
import type { ClusterTime } from './raw-reply.js';
import { serverCode, serverCodes } from './server-code.js';

/** A slow consumer included, but no throttle: a dump that takes longer than the server keeps history would break off in the middle. */
const slowestBytesPerSecond = 20_000_000;
const defaultWindowSeconds = 300;
/** Servers say no to a snapshot in these ways: too old, not (or not yet) there, not for this collection, not known. */
const refusals = new Set<number | undefined>([
  serverCodes.snapshotTooOld,
  serverCodes.snapshotUnavailable,
  serverCodes.invalidOptions,
  serverCodes.illegalOperation,
]);

export function isSnapshotRefusal(error: unknown): boolean {
  return refusals.has(serverCode(error));
}

/**
 * The one moment at which all collections are read, as long as the server plays along. The time is sent with each `find` (read concern `snapshot`,
 * `atClusterTime`): a snapshot session of the driver could not be shared by readers that run side by side.
 */
export class Snapshot {
  readonly #missed: string[] = [];

  private constructor(
    private readonly at: ClusterTime | null,
    private readonly refused: string | undefined,
  ) {}

  /** Asks the server for a moment: replica sets and sharded clusters from 5.0, as long as they keep enough history. */
  static async take(
    look: Look,
    collections: readonly (ListedCollection & { readonly estimatedBytes: number })[],
    { bytesPerSecond = Infinity, snapshot }: Pick<DumpRequest, 'bytesPerSecond' | 'snapshot'>,
  ): Promise<Snapshot> {
    const { server, connection, session } = look;
    if (server.topology === 'standalone' || server.isFerretdb || server.release[0] < 5)
      return new Snapshot(null, undefined);
    const first = collections.find(({ type }) => type === 'collection');
    if (first === undefined) return new Snapshot(null, undefined);
    if (snapshot === false)
      return new Snapshot(null, 'in the attempt before, reading took longer than the server keeps its history');
    const bytes = collections.reduce((sum, { estimatedBytes }) => sum + estimatedBytes, 0);
    const window = await historyWindow(look);
    if (bytes / Math.min(slowestBytesPerSecond, bytesPerSecond) > window)
      return new Snapshot(
        null,
        `reading may take longer than the ${window} s for which the server keeps history (minSnapshotHistoryWindowInSeconds)`,
      );
    const find = { find: first.name, filter: {}, limit: 1, singleBatch: true, readConcern: { level: 'snapshot' } };
    try {
      const { at } = await cursorCommand(connection.db(first.db), find, session);
      return new Snapshot(at, at === null ? 'the server tells no time of its snapshot' : undefined);
    } catch (error) {
      if (!isSnapshotRefusal(error)) throw error;
      return new Snapshot(null, `the server refuses snapshots (code ${serverCode(error) ?? 0})`);
    }
  }

  /** For a `find`; undefined when there is no snapshot. */
  get readConcern(): Document | undefined {
    if (this.at === null) return undefined;
    return { level: 'snapshot', atClusterTime: new Timestamp(this.at) };
  }

  /** This collection had to be read at a time of its own. */
  miss(collection: { readonly db: string; readonly name: string }): void {
    this.#missed.push(printableName(collection));
  }

  /** At the end: a backup is of one moment only when every collection in it is. */
  get consistency(): Consistency {
    return this.at === null || this.#missed.length > 0
      ? { mode: 'none', at: null }
      : { mode: 'snapshot', at: { ...this.at } };
  }

  get warnings(): string[] {
    if (this.refused !== undefined) return [`the collections are not of one moment: ${this.refused}`];
    if (this.#missed.length === 0) return [];
    return [`the collections are not all of one moment: the server gave no snapshot of ${listNames(this.#missed)}`];
  }
}

async function historyWindow({ connection, session }: Look): Promise<number> {
  try {
    const command = { getParameter: 1, minSnapshotHistoryWindowInSeconds: 1 };
    const reply = await connection.db('admin').command(command, { session });
    return Number(reply['minSnapshotHistoryWindowInSeconds']) || defaultWindowSeconds;
  } catch (error) {
    // Not every user may ask, and mongos has no such parameter: the server's default counts.
    if (serverCode(error) === undefined) throw error;
    return defaultWindowSeconds;
  }
}
