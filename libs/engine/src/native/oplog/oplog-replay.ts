import { MongoServerError, type MongoClient } from 'mongodb';
import { AppError, throwIfAborted } from '#contracts';
import { serverCode, serverCodes } from '../dump/server-code.js';
import { create } from '../load/create-collections.js';
import { createCommand } from '../load/collection-spec.js';
import { LeftOut } from '../load/left-out.js';
import type { LoadEntry } from '../load/load-entry.js';
import { listNames, nameOf } from '../load/names.js';
import { documentsOfRun, type BsonMap } from '../load/raw-bson.js';
import { applyWrites, batchLimits, type PlacedWrite } from './apply-ops.js';
import { addIndexes, changeIndex, changeOptions, removeIndex, startAnew } from './change-definitions.js';
import { cannotReplay, interpretOperation } from './interpret-operation.js';
import { MissingDocuments } from './missing-documents.js';
import { parseEntry, type OplogEntry, type OplogOperation, type OplogTime } from './oplog-entry.js';
import { TransactionUnfolder } from './unfold-transactions.js';

export interface OplogReplayOptions {
  readonly client: MongoClient;
  readonly signal: AbortSignal;
  /** The namespaces of the archive, by their names there. */
  readonly entries: readonly LoadEntry[];
  /** A collection that was made while the archive was: makes its temporary one. Throws where it cannot. */
  readonly onCreate: (operation: OplogOperation, named: SourceName, options: BsonMap) => Promise<LoadEntry>;
}

export interface SourceName {
  readonly db: string;
  readonly collection: string;
}

/** What a replay did. */
export interface ReplayOutcome {
  /** Of the oplog in the archive. */
  readonly entries: number;
  /** Changes of documents. */
  readonly applied: number;
  /** Of the last entry: the moment that the collections are of now. */
  readonly at: OplogTime | null;
  /** What was not replayed, for people. */
  readonly notes: readonly string[];
}

const buckets = 'system.buckets.';

/**
 * Replays the oplog of an archive on the temporary collections of a restore, while no name of the target has changed: a document by `applyOps`, everything
 * else by what a restore does by itself (indexes are built afterwards). What cannot be replayed ends the restore, with the place of its entry.
 */
export class OplogReplay {
  private readonly byName = new Map<string, LoadEntry>();
  private readonly unfolder = new TransactionUnfolder();
  private readonly missing = new MissingDocuments();
  /** Operations on what is neither in the archive nor made by an earlier entry: dropped before it was dumped, or lost. */
  private readonly strangers = new Map<string, OplogOperation>();
  private readonly touched = new Set<LoadEntry>();
  private readonly users = { operations: 0 };
  private runs: Buffer[] = [];
  private batch: PlacedWrite[] = [];
  private batchBytes = 0;
  private count = 0;
  private applied = 0;
  private last: OplogEntry | undefined;

  constructor(private readonly options: OplogReplayOptions) {
    for (const entry of options.entries) this.byName.set(entry.plan.from, entry);
  }

  /** Entries that are not replayed yet. The bytes are copied. */
  add(run: Buffer): void {
    this.runs.push(Buffer.from(run));
  }

  get waits(): boolean {
    return this.runs.length > 0;
  }

  /** Every collection that is restored: those of the archive without the dropped ones, and those that were made since. */
  get live(): LoadEntry[] {
    return [...this.byName.values()].filter(({ dropped }) => !dropped);
  }

  /** Replays what has come so far. All documents of the archive must be there. */
  async replay(): Promise<void> {
    for (const run of this.runs.splice(0)) {
      for (const bytes of documentsOfRun(run)) {
        this.count += 1;
        const entry = parseEntry(bytes, this.count);
        this.last = entry;
        for (const operation of this.unfolder.take(entry)) await this.take(operation);
      }
    }
    await this.flush();
  }

  /** At the end of the archive. */
  async finish(): Promise<ReplayOutcome> {
    await this.replay();
    if (this.count === 0) throw noOplog();
    const [stranger] = this.strangers.values();
    if (stranger !== undefined) throw cannotReplay(stranger, 'the archive does not hold this collection');
    this.missing.refuse();
    for (const entry of this.touched) if (!entry.dropped) await this.recount(entry);
    return { entries: this.count, applied: this.applied, at: this.last?.place.at ?? null, notes: this.notes() };
  }

  private notes(): string[] {
    const dropped = [...this.byName.values()].filter((entry) => entry.dropped).map(({ plan }) => plan.from);
    const { operations } = this.users;
    return [
      ...(dropped.length > 0
        ? [`not restored, because they were dropped while the backup was made: ${listNames(dropped)}`]
        : []),
      ...(operations > 0
        ? [
            `${operations} changes of users and roles in the oplog were not replayed: they are not part of a restore of data`,
          ]
        : []),
    ];
  }

  private async take(operation: OplogOperation): Promise<void> {
    const step = interpretOperation(operation);
    if (step.kind === 'skip') {
      if (step.what === 'users') this.users.operations += 1;
      return;
    }
    if (step.kind === 'write') return this.takeWrite(operation, step);
    // Everything else is about whole collections, and comes after what was done to their documents.
    await this.flush();
    if (step.kind === 'drop-database') return this.dropDatabase(step.db);
    const entry = this.find(step);
    if (step.kind === 'create') return this.create(operation, step, entry);
    if (step.kind === 'drop') {
      for (const name of this.strangers.keys()) if (name === nameOf(step)) this.strangers.delete(name);
      return entry && this.drop(entry, operation);
    }
    if (entry === undefined || entry.dropped) {
      this.noteStranger(operation, step);
      return;
    }
    if (entry.plan.kind !== 'collection') throw cannotReplay(operation, `it changes a ${entry.plan.kind}`);
    this.touched.add(entry);
    if (step.kind === 'create-indexes') addIndexes(entry, step.indexes);
    else if (step.kind === 'drop-index') removeIndex(entry, step.index);
    else await this.change(operation, entry, step.options, step.index);
  }

  private async takeWrite(operation: OplogOperation, name: SourceName): Promise<void> {
    const entry = this.find(name);
    if (entry === undefined || entry.dropped) {
      this.noteStranger(operation, name);
      return;
    }
    if (entry.plan.kind === 'view') throw cannotReplay(operation, 'it writes into a view');
    this.touched.add(entry);
    const bytes = operation.o.length + (operation.o2?.length ?? 0);
    if (this.batch.length >= batchLimits.operations || this.batchBytes + bytes > batchLimits.bytes) await this.flush();
    this.batch.push({ operation, db: entry.plan.db, collection: entry.plan.temporary });
    this.batchBytes += bytes;
  }

  private async flush(): Promise<void> {
    throwIfAborted(this.options.signal, 'load');
    const writes = this.batch;
    this.batch = [];
    this.batchBytes = 0;
    await applyWrites(this.options.client, writes, this.missing);
    this.applied += writes.length;
  }

  private async create(
    operation: OplogOperation,
    step: SourceName & { options: BsonMap },
    entry?: LoadEntry,
  ): Promise<void> {
    if (entry === undefined) {
      this.byName.set(nameOf(step), await this.options.onCreate(operation, step, step.options));
      this.strangers.delete(nameOf(step));
      return;
    }
    // It was made while the backup was, and is in the archive already.
    if (!entry.dropped) return;
    startAnew(entry, step.options);
    entry.dropped = false;
    const { plan, spec } = entry;
    await create(this.options.client.db(plan.db), plan, createCommand(plan.temporary, spec));
  }

  private async dropDatabase(db: string): Promise<void> {
    for (const entry of this.byName.values()) if (entry.plan.from.startsWith(`${db}.`)) await this.drop(entry);
    for (const name of this.strangers.keys()) if (name.startsWith(`${db}.`)) this.strangers.delete(name);
  }

  private async drop(entry: LoadEntry, operation?: OplogOperation): Promise<void> {
    if (entry.dropped) return;
    if (operation && entry.plan.kind === 'timeseries') throw cannotReplay(operation, 'it drops a time series');
    const { db, temporary } = entry.plan;
    try {
      await this.options.client.db(db).command({ drop: temporary, writeConcern: { w: 'majority' } });
    } catch (error) {
      if (serverCode(error) !== serverCodes.namespaceNotFound) throw error;
    }
    entry.dropped = true;
    entry.documents = 0;
    this.missing.forget({ db, collection: temporary });
  }

  private async change(
    operation: OplogOperation,
    entry: LoadEntry,
    options: BsonMap,
    index: BsonMap | undefined,
  ): Promise<void> {
    if (index !== undefined && !changeIndex(entry, index))
      throw cannotReplay(operation, 'it changes an index that the collection has not');
    if (options.size === 0) return;
    changeOptions(entry, options);
    const { db, temporary } = entry.plan;
    try {
      const command = { collMod: temporary, ...Object.fromEntries(options), writeConcern: { w: 'majority' } };
      await this.options.client.db(db).command(command);
    } catch (error) {
      if (!(error instanceof MongoServerError)) throw error;
      throw cannotReplay(operation, `the target refuses it (code ${serverCode(error) ?? 0})`, error);
    }
  }

  private noteStranger(operation: OplogOperation, name: SourceName): void {
    if (!this.strangers.has(nameOf(name))) this.strangers.set(nameOf(name), operation);
  }

  private find({ db, collection }: SourceName): LoadEntry | undefined {
    const found = this.byName.get(nameOf({ db, collection }));
    if (found !== undefined || !collection.startsWith(buckets)) return found;
    const series = this.byName.get(nameOf({ db, collection: collection.slice(buckets.length) }));
    return series?.plan.kind === 'timeseries' ? series : undefined;
  }

  private async recount(entry: LoadEntry): Promise<void> {
    const { db, temporary } = entry.plan;
    const collection = this.options.client.db(db).collection(temporary, { readPreference: 'primary' });
    entry.documents = await collection.countDocuments();
    // Whichever of two documents with one `_id` was kept, it is as the oplog left it now.
    entry.leftOut = new LeftOut(entry.leftOut.room);
  }
}

function noOplog(): AppError {
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: 'There is no oplog in the archive that could be replayed',
    hint: 'Restore it without --oplog-replay. The target was left as it was; mongodump writes an oplog with --oplog only',
  });
}
