import { type ClientSession, type Document, Timestamp } from 'mongodb';
import { ArchiveWriter } from '#archive';
import type { Consistency } from '#contracts';
import type { Connection, ServerDescription } from '../../connection/index.js';
import { ArchiveOutput } from './archive-output.js';
import { averageDocument } from './estimate.js';
import type { ListedNamespace } from './list-namespaces.js';
import { readCollection } from './read-collection.js';
import { serverCode } from './server-code.js';

/** Bytes that wait between the readers and the consumer. */
const queueBytes = 8 * 1024 * 1024;
const namespaceNotFound = 26;
const bucketsUnderOwnName = 8.3;

export interface DumpRunOptions {
  readonly connection: Connection;
  readonly server: ServerDescription;
  readonly namespaces: readonly ListedNamespace[];
  readonly snapshot: boolean;
  /** Collections that are read at the same time. */
  readonly parallelCollections: number;
  readonly engineVersion: string;
  readonly warn: (text: string) => void;
}

/** One dump: several readers fill one archive. */
export class DumpRun {
  readonly #options: DumpRunOptions;
  /** Bytes of the archive so far. */
  bytes = 0;
  /** The archive's bytes; ends only after every cursor was exhausted and every namespace ended. */
  readonly output = new ArchiveOutput(queueBytes);
  readonly #writer = new ArchiveWriter((chunk) => {
    this.bytes += chunk.length;
    this.output.push(chunk);
  });
  #at: { t: number; i: number } | null = null;

  constructor(options: DumpRunOptions) {
    this.#options = options;
  }

  get consistency(): Consistency {
    return this.#options.snapshot ? { mode: 'snapshot', at: this.#at } : { mode: 'none', at: null };
  }

  async run(): Promise<void> {
    const { namespaces, parallelCollections, server, engineVersion } = this.#options;
    const withData = namespaces.filter(({ type }) => type !== 'view');
    this.#writer.prelude({
      concurrentCollections: Math.max(1, Math.min(parallelCollections, withData.length)),
      serverVersion: server.version,
      toolVersion: `hazina ${engineVersion}`,
      collections: namespaces,
    });
    for (const { db, collection, type } of namespaces) if (type === 'view') this.#writer.endNamespace(db, collection);
    const waiting = [...withData];
    // In a snapshot the first collection tells the time at which all others are read.
    const first = this.#options.snapshot ? waiting.shift() : undefined;
    if (first !== undefined) await this.#read(first);
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await this.#read(next);
    };
    await Promise.all(Array.from({ length: parallelCollections }, worker));
    this.#writer.finish();
    this.output.finish();
  }

  async #read(namespace: ListedNamespace): Promise<void> {
    const { connection, server } = this.#options;
    const session = connection.client.startSession({ causalConsistency: false });
    const [major, minor] = server.release;
    const rawData = namespace.type === 'timeseries' && major + minor / 10 >= bucketsUnderOwnName;
    const collection =
      namespace.type === 'timeseries' && !rawData ? `system.buckets.${namespace.collection}` : namespace.collection;
    try {
      await this.#readRuns(namespace, collection, session, rawData);
    } catch (error) {
      if (serverCode(error) !== namespaceNotFound) throw error;
      this.#options.warn(
        `${namespace.db}.${namespace.collection} was dropped while it was read: the backup holds what was read until then`,
      );
    } finally {
      await session.endSession();
    }
    this.#writer.endNamespace(namespace.db, collection);
  }

  async #readRuns(
    namespace: ListedNamespace,
    collection: string,
    session: ClientSession,
    rawData: boolean,
  ): Promise<void> {
    const db = this.#options.connection.db(namespace.db);
    const readConcern = this.#readConcern();
    const request = {
      db,
      collection,
      filter: {},
      session,
      averageDocument: await averageDocument(db, collection, session),
      ...(readConcern === undefined ? {} : { readConcern }),
      ...(rawData ? { rawData } : {}),
    };
    for await (const run of readCollection(request, ({ atClusterTime }) => (this.#at ??= atClusterTime))) {
      await this.output.room();
      this.#writer.documents(namespace.db, collection, run);
    }
  }

  #readConcern(): Document | undefined {
    if (!this.#options.snapshot) return undefined;
    if (this.#at === null) return { level: 'snapshot' };
    return { level: 'snapshot', atClusterTime: new Timestamp({ t: this.#at.t, i: this.#at.i }) };
  }
}
