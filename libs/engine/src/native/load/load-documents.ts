import type { MongoClient } from 'mongodb';
import { AppError, type Clock } from '#contracts';
import type { LoadProgress } from '../../engine.js';
import { noteOrder } from './archive-order.js';
import { BatchQueue, type BatchLimits } from './batch-queue.js';
import { insertBatch } from './insert-documents.js';
import type { InsertTarget } from './insert-target.js';
import type { LoadEntry } from './load-entry.js';
import { nameOf } from './names.js';
import type { Target } from './target-check.js';

export interface LoadTuning {
  readonly batchBytes: number;
  readonly batchDocuments: number;
  readonly inFlight: number;
}

/** Measured (bench): larger batches or more in flight cost memory and gain nothing. */
export const defaultTuning: LoadTuning = { batchBytes: 4 << 20, batchDocuments: 10_000, inFlight: 3 };

/** Room that a message needs beside its documents. */
const messageOverhead = 64 << 10;
const openBytes = 16 << 20;
/** Above three full batches: it only holds back documents that are larger than a batch. */
const inFlightBytes = 16 << 20;

export interface DocumentLoaderOptions {
  readonly client: MongoClient;
  readonly target: Target;
  readonly tuning: LoadTuning;
  readonly onConflict: 'fail' | 'keep-last';
  /** The oplog of the archive is replayed afterwards: whichever of two documents with one `_id` is kept, it becomes the right one. */
  readonly replays: boolean;
  readonly onProgress: (progress: LoadProgress) => void;
  readonly clock: Clock;
  /** All documents of an entry are in the target. */
  readonly onLoaded: (entry: LoadEntry) => void;
}

/** Takes the runs of documents of all namespaces and puts them into their temporary collections. */
export class DocumentLoader {
  private readonly queue: BatchQueue<LoadEntry>;
  private readonly expected = new Map<LoadEntry, number>();
  private finished = false;
  private documents = 0;
  private bytes = 0;

  constructor(private readonly options: DocumentLoaderOptions) {
    const { tuning, target, onConflict, replays } = options;
    const limits: BatchLimits = {
      batchBytes: Math.min(tuning.batchBytes, target.maxMessageBytes - messageOverhead),
      batchDocuments: Math.min(tuning.batchDocuments, target.maxBatchDocuments),
      inFlight: tuning.inFlight,
      inFlightBytes,
      openBytes,
    };
    // "The last one" has a meaning only when inserts do not overtake each other.
    const sequential = (entry: LoadEntry) => entry.capped || replays || onConflict === 'keep-last';
    this.queue = new BatchQueue((entry, batch) => this.insert(entry, batch), sequential, limits);
  }

  private async insert(entry: LoadEntry, batch: Parameters<typeof insertBatch>[1]): Promise<void> {
    const { client, target, onConflict, replays, clock } = this.options;
    entry.begunAt ??= clock.monotonicMs();
    const to: InsertTarget = {
      db: client.db(entry.plan.db),
      collection: entry.plan.temporary,
      final: { db: entry.plan.db, collection: entry.plan.final },
      ordered: entry.capped,
    };
    const written = await insertBatch(to, batch, {
      onConflict: onConflict === 'fail' && !replays ? 'fail' : entry.leftOut,
      keepsEmptyTimestamps: target.keepsEmptyTimestamps,
    });
    if (onConflict === 'keep-last' && !replays) await noteOrder(to, entry, batch);
    entry.documents += written;
    entry.bytes += batch.bytes;
    this.documents += batch.count;
    this.bytes += batch.bytes;
    this.options.onProgress({ ...this.progress, stage: 'load' });
  }

  get progress(): Pick<LoadProgress, 'documents' | 'bytes'> {
    return { documents: this.documents, bytes: this.bytes };
  }

  /** Takes a run of whole documents; the buffer may be reused afterwards. */
  add(entry: LoadEntry, run: Buffer, count: number): void {
    this.expected.set(entry, (this.expected.get(entry) ?? 0) + count);
    this.queue.add(entry, run, count);
  }

  /** The archive holds no more documents of this entry. */
  end(entry: LoadEntry): void {
    this.queue.end(entry, () => this.options.onLoaded(entry));
  }

  /** Back-pressure: awaited between pieces of the source. */
  async room(): Promise<void> {
    await this.queue.room();
  }

  /** All documents are in the target: as many as the archive holds, by the answers and by the server's own count. Does nothing when called again. */
  async finish(): Promise<void> {
    if (this.finished) return;
    this.finished = true;
    await this.queue.finish();
    for (const [entry, expected] of this.expected) {
      if (entry.documents !== expected && this.options.onConflict === 'fail' && !this.options.replays)
        throw lost(entry, expected, entry.documents);
      const kept = await this.countKept(entry);
      if (kept === entry.documents) continue;
      if (!entry.capped) throw lost(entry, entry.documents, kept);
      entry.missing.push(`${entry.documents - kept} of ${entry.documents} documents: the capped collection is full`);
      entry.documents = kept;
    }
  }

  private async countKept(entry: LoadEntry): Promise<number> {
    const collection = this.options.client
      .db(entry.plan.db)
      .collection(entry.plan.temporary, { readPreference: 'primary' });
    const counted = await collection.estimatedDocumentCount();
    // The first count comes from statistics; only the exact one may accuse.
    return counted === entry.documents ? counted : collection.countDocuments();
  }

  /** Sends nothing more and waits for what is on its way. */
  async stop(error: unknown): Promise<void> {
    await this.queue.stop(error);
  }
}

function lost({ plan }: LoadEntry, expected: number, found: number): AppError {
  const namespace = nameOf({ db: plan.db, collection: plan.final });
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: `${found} of ${expected} documents of ${namespace} are in the target after loading`,
    hint: 'Somebody else removes documents there, or the server lost some: look into its log. The target was left as it was',
    details: { namespace, expected, found },
  });
}

/** Calls through at most a few times a second, and always when the stage changes. */
export function throttled(
  onProgress: ((progress: LoadProgress) => void) | undefined,
  clock: Clock,
): (progress: LoadProgress) => void {
  const everyMs = 250;
  let last = -everyMs;
  let stage: string | undefined;
  return (progress) => {
    const now = clock.monotonicMs();
    if (progress.stage === stage && now - last < everyMs) return;
    last = now;
    stage = progress.stage;
    onProgress?.(progress);
  };
}
