import { ArchiveWriter, type PreludeCollection } from '#archive';
import { cancelled } from '#contracts';
import type { DumpResult } from '../../engine.js';
import { ArchiveOutput } from './archive-output.js';
import { dataCollection, preludeEntry, printableName, type DescribedCollection } from './describe-collections.js';
import type { Look } from './look.js';
import { OpenCursors } from './open-cursors.js';
import { readCollection } from './read-collection.js';
import { serverCode, serverCodes } from './server-code.js';
import type { Snapshot } from './snapshot.js';
import { isVanished, wasDropped } from './vanished.js';

export interface DumpRunOptions {
  readonly look: Look;
  /** By database and name. */
  readonly collections: readonly DescribedCollection[];
  /** Collections of `admin` that hold users and roles. */
  readonly authorization: readonly string[];
  readonly snapshot: Snapshot;
  readonly parallelCollections: number;
  readonly replyBytes: number;
  readonly engineVersion: string;
  readonly signal: AbortSignal;
  readonly warnings: string[];
}

/** Two replies of the usual size: what waits between the readers and the consumer. */
const repliesInQueue = 2;

/** One dump: several readers fill one archive. */
export class DumpRun {
  /** Ends only after every cursor was exhausted and every namespace ended. */
  readonly output: ArchiveOutput;
  readonly #writer: ArchiveWriter;
  readonly #cursors = new OpenCursors();

  constructor(private readonly options: DumpRunOptions) {
    this.output = new ArchiveOutput(repliesInQueue * options.replyBytes);
    this.#writer = new ArchiveWriter((chunk) => void this.output.push(chunk));
  }

  async run(): Promise<DumpResult> {
    const { collections, authorization, snapshot, look, engineVersion, warnings } = this.options;
    const withData = collections.filter(({ type }) => type !== 'view');
    const readers = Math.max(1, Math.min(this.options.parallelCollections, withData.length));
    this.#writer.prelude({
      concurrentCollections: readers,
      serverVersion: look.server.version,
      toolVersion: `hazina ${engineVersion}`,
      // mongorestore takes no block that the prelude does not announce.
      collections: [...collections.map(preludeEntry), ...authorization.map(authorizationEntry)],
    });
    for (const name of authorization) await this.#readAuthorization(name);
    for (const { db, name, type } of collections) if (type === 'view') this.#writer.endNamespace(db, name);
    // The largest first: none of them is left to be read alone at the end.
    const waiting = withData.toSorted((a, b) => b.estimatedBytes - a.estimatedBytes).values();
    let failed = false;
    const reader = async (): Promise<void> => {
      for (const collection of waiting) {
        if (failed) return;
        try {
          await this.#read(collection);
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: readers }, reader));
    this.#writer.finish();
    return { consistency: snapshot.consistency, warnings: [...warnings, ...snapshot.warnings] };
  }

  /** After the end, whatever it was: nothing of the run is left on the server. */
  release(): Promise<void> {
    return this.#cursors.kill();
  }

  async #read(collection: DescribedCollection): Promise<void> {
    const { look, warnings, snapshot } = this.options;
    const { db } = collection;
    const data = dataCollection(collection, look.server.release);
    let dropped = false;
    try {
      const { documents, inSnapshot } = await this.#copy(db, data.collection, data.rawData);
      if (!inSnapshot && snapshot.readConcern !== undefined) snapshot.miss(collection);
      // A find on a name that is gone is no error, only empty.
      if (documents === 0 && !inSnapshot) dropped = await wasDropped(look, collection, false);
    } catch (error) {
      if (!isVanished(error)) throw error;
      dropped = await wasDropped(look, collection, true);
    }
    if (dropped)
      warnings.push(
        `${printableName(collection)} was dropped while it was dumped: the backup holds what was read until then`,
      );
    this.#writer.endNamespace(db, data.collection);
  }

  /** Not every user may read them, and no application is lost without them. */
  async #readAuthorization(name: string): Promise<void> {
    const { warnings } = this.options;
    try {
      const { inSnapshot } = await this.#copy('admin', name, false);
      if (!inSnapshot && this.options.snapshot.readConcern !== undefined)
        this.options.snapshot.miss({ db: 'admin', name });
      this.#writer.endNamespace('admin', name);
    } catch (error) {
      if (serverCode(error) !== serverCodes.unauthorized) throw error;
      // It was announced.
      this.#writer.endNamespace('admin', name);
      warnings.push(`admin.${name} is not in the backup: this user may not read it (the role backup may)`);
    }
  }

  async #copy(db: string, collection: string, rawData: boolean) {
    const { look, replyBytes, snapshot, signal } = this.options;
    const session = look.connection.client.startSession({ causalConsistency: false });
    const read = {
      db: look.connection.db(db),
      collection,
      session,
      snapshot,
      cursors: this.#cursors,
      rawData,
      replyBytes,
    };
    try {
      return await readCollection(read, {
        room: async () => {
          await this.output.room();
          if (signal.aborted) throw cancelled(signal, 'dump');
        },
        write: (run) => this.#writer.documents(db, collection, run),
      });
    } finally {
      await session.endSession();
    }
  }
}

/** As mongodump announces users and roles: without metadata. */
function authorizationEntry(collection: string): PreludeCollection {
  return { db: 'admin', collection, metadata: '', type: 'collection' };
}
