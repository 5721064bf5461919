import { addAbortSignal, type Readable } from 'node:stream';
import { ArchiveReader, type ArchivePrelude } from '#archive';
import { AppError, cancelled, untilAborted } from '#contracts';
import { authorizationPart, type AuthorizationPart } from '../authorization/authorization-part.js';
import type { DocumentLoader } from './load-documents.js';
import type { LoadEntry } from './load-entry.js';
import { nameOf } from './names.js';
import type { ArchivedCollection } from './plan-entries.js';

/** Where the documents of a namespace go; undefined: nowhere, they are only verified. */
export type Destination = { readonly loader: DocumentLoader; readonly entry: LoadEntry } | undefined;

const buckets = 'system.buckets.';

/** Who takes what is no collection of the data. */
export interface ExtraRuns {
  /** Given the entries of the oplog, which come when all collections have ended. */
  readonly oplog?: ((run: Buffer) => void) | undefined;
  /** Given users, roles and their form. */
  readonly authorization?: ((part: AuthorizationPart, run: Buffer) => void) | undefined;
}

interface Run {
  readonly db: string;
  readonly collection: string;
  readonly run: Buffer;
  readonly count: number;
}

/** Reads an archive once, from a stream: first its prelude, then its documents. The stream's own errors and the reader's come out as they are. */
export class SourceReader {
  private readonly reader: ArchiveReader;
  private readonly chunks: AsyncIterator<unknown>;
  private prelude: ArchivePrelude | undefined;
  private known = new Map<string, ArchivedCollection>();
  /** What came with the last bytes of the prelude, before anybody could take it. */
  private held: (() => void)[] | null = [];
  private destinationOf: (namespace: ArchivedCollection) => Destination = () => undefined;
  private extras: ExtraRuns = {};
  private readonly ended = new Set<ArchivedCollection>();
  /** Of the oplog, as far as it was read. */
  oplogEntries = 0;

  constructor(
    private readonly source: Readable,
    private readonly signal: AbortSignal,
  ) {
    addAbortSignal(signal, source);
    this.chunks = source[Symbol.asyncIterator]();
    this.reader = new ArchiveReader({
      prelude: (found) => (this.prelude = found),
      documents: ({ db, collection }, run, count) => this.take({ db, collection, run, count }),
      namespaceEnd: ({ db, collection }) => this.end(db, collection),
    });
  }

  async readPrelude(): Promise<ArchivedCollection[]> {
    while (this.prelude === undefined && (await this.readOn()));
    if (this.prelude === undefined)
      throw new AppError({
        code: 'archive/truncated',
        stage: 'archive',
        message: 'The archive ends before its list of collections does',
        hint: 'It was cut, or is none: use another backup, or copy the file again from where it was made',
      });
    const namespaces = this.prelude.collections.map(({ db, collection, type, metadata }) => ({
      db,
      collection,
      type,
      metadata,
    }));
    this.known = new Map(namespaces.map((namespace) => [keyOf(namespace.db, namespace.collection), namespace]));
    return namespaces;
  }

  /**
   * Reads to the end of the source and has the last block verified. Waits for the loader between pieces.
   */
  async readDocuments(
    destinationOf: (namespace: ArchivedCollection) => Destination,
    room: () => Promise<void>,
    extras: ExtraRuns = {},
  ): Promise<void> {
    this.destinationOf = destinationOf;
    this.extras = extras;
    const held = this.held ?? [];
    this.held = null;
    for (const take of held) take();
    do await room();
    while (await this.readOn());
  }

  /** Reads no more. */
  close(): void {
    this.source.destroy();
  }

  /** False at the end of the source, after the reader's verdict on the whole. */
  private async readOn(): Promise<boolean> {
    let next: IteratorResult<unknown>;
    try {
      // A destroyed stream tells its reader only when its source has let go, and one that gives nothing never does.
      next = await untilAborted(this.chunks.next(), this.signal);
    } catch (error) {
      throw this.signal.aborted ? cancelled(this.signal, 'load') : error;
    }
    if (next.done === true) {
      this.reader.end();
      return false;
    }
    this.reader.write(next.value as Buffer);
    return true;
  }

  private take({ db, collection, run, count }: Run): void {
    if (this.held) {
      // The bytes belong to the stream until they are taken.
      const kept = Buffer.from(run);
      this.held.push(() => this.take({ db, collection, run: kept, count }));
      return;
    }
    if (db === '' && collection === 'oplog') {
      this.takeOplog(run, count);
      return;
    }
    const part = authorizationPart({ db, collection });
    if (part !== null) {
      this.extras.authorization?.(part, run);
      return;
    }
    const destination = this.find(db, collection);
    destination?.loader.add(destination.entry, run, count);
  }

  private takeOplog(run: Buffer, count: number): void {
    this.oplogEntries += count;
    if (this.extras.oplog === undefined) return;
    if (this.ended.size < this.known.size)
      throw new AppError({
        code: 'archive/corrupt-structure',
        stage: 'archive',
        message: 'The oplog of the archive stands before the end of its collections: it cannot be replayed on them',
        hint: 'mongodump writes it last. The target was left as it was; without the oplog (--no-oplog-replay) the archive can be restored',
      });
    this.extras.oplog(run);
  }

  private end(db: string, collection: string): void {
    if (this.held) {
      this.held.push(() => this.end(db, collection));
      return;
    }
    const namespace = this.known.get(keyOf(db, collection)) ?? this.seriesOf(db, collection);
    if (namespace) this.ended.add(namespace);
    const destination = this.find(db, collection);
    destination?.loader.end(destination.entry);
  }

  private find(db: string, collection: string): Destination {
    const namespace = this.known.get(keyOf(db, collection)) ?? this.seriesOf(db, collection);
    if (namespace) return this.destinationOf(namespace);
    // The oplog, users and roles may stand in an archive without an entry in its prelude: they are taken by others, or by nobody.
    if (db === '' || /^(\$admin\.)?system\./.test(collection)) return undefined;
    throw new AppError({
      code: 'archive/corrupt-structure',
      stage: 'archive',
      message: `The archive holds documents of ${nameOf({ db, collection })}, which its list of collections does not name`,
      hint: 'The archive was put together by something else than mongodump, or damaged. The target was left as it was',
    });
  }

  /** The data of a time series X may stand as system.buckets.X (facts: archive-format 1.3). */
  private seriesOf(db: string, collection: string): ArchivedCollection | undefined {
    if (!collection.startsWith(buckets)) return undefined;
    const series = this.known.get(keyOf(db, collection.slice(buckets.length)));
    return series?.type === 'timeseries' ? series : undefined;
  }
}

function keyOf(db: string, collection: string): string {
  return `${db}.${collection}`;
}
