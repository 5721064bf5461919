import type { Db, MongoClient } from 'mongodb';
import { AppError, type Clock } from '#contracts';
import { withoutExpiry } from './collection-spec.js';
import { indexesNotKept } from './compare-definitions.js';
import { duplicateKey } from './insert-documents.js';
import { retryValidator } from './keep-validator.js';
import type { LoadEntry } from './load-entry.js';
import { nameOf } from './names.js';
import type { BsonMap } from './raw-bson.js';
import { reason } from './server-reason.js';
import type { ServerAbilities } from './server-abilities.js';
import { nameDuplicate, removeEarlierDuplicates, type Sieve } from './sieve-duplicates.js';
import { isDefinitionRefusal } from './target-errors.js';
import { listIndexes } from './target-state.js';

const unknownIndexOption = 197;
const whileLoading = 1;
const afterLoading = 2;

export interface IndexBuilderOptions {
  readonly client: MongoClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onConflict: 'fail' | 'keep-last';
  readonly server: ServerAbilities;
}

/**
 * Builds the indexes of temporary collections: of each as soon as its documents are there, one at a time while others are still loaded, two in the end
 * (measured: more gains nothing). TTL indexes come after the renames. Reads back what the server kept.
 * Fails with `restore/failed` when the data does not fit an index: nothing of the target has changed then.
 */
export class IndexBuilder {
  private readonly added = new Set<LoadEntry>();
  private readonly waiting: LoadEntry[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly abort = new AbortController();
  private readonly signal: AbortSignal;
  private atOnce = whileLoading;
  private failure: { readonly error: unknown } | undefined;
  /** `keep-last`: whose documents break a unique index. They are told apart when nothing is written any more. */
  private readonly conflicted: { readonly entry: LoadEntry; readonly error: unknown }[] = [];

  constructor(private readonly options: IndexBuilderOptions) {
    this.signal = AbortSignal.any([options.signal, this.abort.signal]);
  }

  /** The documents of this entry are all there. */
  add(entry: LoadEntry): void {
    if (this.added.has(entry) || entry.plan.kind !== 'collection') return;
    this.added.add(entry);
    this.waiting.push(entry);
    this.next();
  }

  throwIfFailed(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }

  /** All indexes of these entries are built. */
  async finish(entries: readonly LoadEntry[]): Promise<void> {
    this.atOnce = afterLoading;
    for (const entry of entries) this.add(entry);
    this.next();
    while (this.running.size > 0) await Promise.race(this.running);
    this.throwIfFailed();
    for (const { entry, error } of this.conflicted.splice(0)) {
      if ((await removeEarlierDuplicates(this.sieveOf(entry))) === 0) throw error;
      await this.buildOnce(entry);
    }
    if (this.options.onConflict === 'keep-last') for (const entry of entries) await this.dropOrder(entry);
  }

  private async dropOrder({ plan, noted }: LoadEntry): Promise<void> {
    if (!plan.sieve || noted === 0) return;
    const db = this.options.client.db(plan.db);
    await db.command({ drop: plan.sieve.order.temporary, writeConcern: { w: 'majority' } });
  }

  /** Begins nothing more, breaks off what runs, and waits for it. */
  async stop(error: unknown): Promise<void> {
    this.failure ??= { error };
    this.abort.abort();
    await Promise.all(this.running);
  }

  private next(): void {
    while (this.failure === undefined && this.running.size < this.atOnce) {
      const entry = this.waiting.shift();
      if (!entry) return;
      const building: Promise<void> = this.build(entry)
        .catch((error: unknown) => {
          this.failure ??= { error };
        })
        .finally(() => {
          this.running.delete(building);
          this.next();
        });
      this.running.add(building);
    }
  }

  private async build(entry: LoadEntry): Promise<void> {
    try {
      await this.buildOnce(entry);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'restore/failed' || !entry.plan.sieve) throw error;
      if (this.options.onConflict === 'fail') {
        await nameDuplicate(this.sieveOf(entry));
        throw error;
      }
      this.conflicted.push({ entry, error });
    }
  }

  private async buildOnce(entry: LoadEntry): Promise<void> {
    this.signal.throwIfAborted();
    const db = this.options.client.db(entry.plan.db);
    const { early, late } = entry.indexes;
    await retryValidator(db, entry);
    await createIndexes(db, entry.plan.temporary, entry, early, this.signal);
    await proveLate(db, entry, late, this.signal);
    const kept = await listIndexes(db, entry.plan.temporary);
    entry.notKept.push(...indexesNotKept(early, kept));
    entry.indexCount = kept.length;
    entry.doneAt = this.options.clock.monotonicMs();
  }

  private sieveOf(entry: LoadEntry): Sieve {
    const { client, server } = this.options;
    return { db: client.db(entry.plan.db), entry, server, signal: this.signal };
  }
}

async function createIndexes(
  db: Db,
  collection: string,
  entry: Pick<LoadEntry, 'plan'>,
  indexes: readonly BsonMap[],
  signal?: AbortSignal,
): Promise<void> {
  if (indexes.length === 0) return;
  try {
    await sendCreateIndexes(db, collection, indexes, signal);
  } catch (error) {
    if (!isDefinitionRefusal(error)) throw error;
    const namespace = nameOf({ db: entry.plan.db, collection: entry.plan.final });
    // The server's words on a duplicate hold values of documents.
    const isDuplicate = error.code === duplicateKey;
    const why = isDuplicate ? 'a unique index meets a value twice' : reason(entry.plan, error.message);
    throw new AppError({
      code: 'restore/failed',
      stage: 'index',
      message: `The target could not build the indexes of ${namespace} (${indexes.map((index) => String(index.get('name'))).join(', ')}): ${why}`,
      hint: 'The target was left as it was. A unique index fails when the data holds a value twice; other indexes when the target does not know their kind',
      ...(isDuplicate ? {} : { cause: error }),
      details: { namespace, serverCode: error.code },
    });
  }
}

/** One command for all of a collection: the server scans the documents once. */
export async function sendCreateIndexes(
  db: Db,
  collection: string,
  indexes: readonly BsonMap[],
  signal?: AbortSignal,
): Promise<void> {
  const command = { createIndexes: collection, indexes, writeConcern: { w: 'majority' } };
  const options = signal ? { signal } : {};
  try {
    await db.command(command, options);
  } catch (error) {
    if (!isDefinitionRefusal(error) || error.code !== unknownIndexOption) throw error;
    // Definitions from old servers carry options that no server knows any more. What is ignored shows when the index is read back.
    await db.command({ ...command, ignoreUnknownIndexOptions: true }, options);
  }
}

/** A TTL index that is also unique may fail on the data, and must not do so after the renames. */
async function proveLate(db: Db, entry: LoadEntry, late: readonly BsonMap[], signal: AbortSignal): Promise<void> {
  const doubtful = late.filter((index) => index.get('unique') === true).map(withoutExpiry);
  await createIndexes(db, entry.plan.temporary, entry, doubtful, signal);
  for (const index of doubtful) {
    await db.command({
      dropIndexes: entry.plan.temporary,
      index: index.get('name'),
      writeConcern: { w: 'majority' },
    });
  }
}
