import mongoose, { type Model, type PipelineStage, type QueryFilter, type Schema, type UpdateQuery } from 'mongoose';
import type { Guard } from './guard.js';
import { schemaDefaults, type Fill } from './schema-defaults.js';

/** Field (or path) to value. A value with operators counts as a plain value unless it is marked by `op`: what users type never becomes an operator. */
export type Filter = Readonly<Record<string, unknown>>;
export type Update = Readonly<Record<string, unknown>>;

export interface FindOptions {
  readonly sort?: Readonly<Record<string, 1 | -1>>;
  readonly skip?: number;
  readonly limit?: number;
  /** Fields to leave out: those that have a default have it. */
  readonly without?: readonly string[];
  /** Fields to bring, and no others: what a document lacks of them is missing. */
  readonly only?: readonly string[];
}

/** Marks operators of our own in a filter (`sanitizeFilter` takes all others for values). */
export function op<T extends object>(operators: T): T {
  return mongoose.trusted(operators);
}

/**
 * One collection, as the repositories need it: plain documents, single-document conditional writes, our errors.
 * The one place where filters and updates lose their types; the schema checks them at run time (`strict: 'throw'`).
 */
export class RecordCollection<T> {
  readonly #model: Model<T>;
  readonly #guard: Guard;
  readonly #stamp: string | undefined;
  readonly #fill: Fill;

  /** `stamp`: a field that every update sets to the server's time. */
  constructor(model: Model<T>, guard: Guard, stamp?: keyof T & string) {
    this.#model = model;
    this.#guard = guard;
    this.#stamp = stamp;
    this.#fill = schemaDefaults(model.schema as Schema);
  }

  /** The document as it was stored; null when a unique index refused it. */
  insert(document: Partial<T>): Promise<T | null> {
    return this.#guard.unlessTaken(async () => {
      const [inserted] = await this.#model.create([document]);
      return inserted === undefined ? null : (inserted.toObject({ versionKey: false }) as T);
    });
  }

  /** The document after the update; null when no document fits the filter. Throws on a taken unique value: see `updateUnlessTaken`. */
  update(filter: Filter, update: Update): Promise<T | null> {
    return this.#guard.run(() => this.#updateOne(filter, update, 'after'));
  }

  updateUnlessTaken(filter: Filter, update: Update): Promise<T | null> {
    return this.#guard.unlessTaken(() => this.#updateOne(filter, update, 'after'));
  }

  /** The document before the update. */
  updateAndReturnOld(filter: Filter, update: Update): Promise<T | null> {
    return this.#guard.run(() => this.#updateOne(filter, update, 'before'));
  }

  /** Whether a document fitted. */
  async change(filter: Filter, update: Update): Promise<boolean> {
    const result = await this.#guard.run(async () => this.#model.updateOne(of<T>(filter), this.#stamped(update)));
    return result.matchedCount > 0;
  }

  /** Updates the document of the key, or makes it. Safe among processes: who loses the race to make it, updates it. */
  async upsert(key: Filter, update: Update): Promise<void> {
    const write = () =>
      this.#guard.unlessTaken(async () => this.#model.updateOne(of<T>(key), this.#stamped(update), { upsert: true }));
    if ((await write()) === null) await write();
  }

  findOne(filter: Filter, options: FindOptions = {}): Promise<T | null> {
    return this.find(filter, { ...options, limit: 1 }).then(([first]) => first ?? null);
  }

  find(filter: Filter, options: FindOptions = {}): Promise<readonly T[]> {
    return this.#guard.run(async () => {
      const query = this.#model.find(of<T>(filter), projection(options)).lean<T[]>();
      // What was given up here must not go on there: a server that is slow would have more and more to do.
      query.maxTimeMS(this.#guard.deadlineMs);
      if (options.sort !== undefined) query.sort({ ...options.sort });
      if (options.skip !== undefined) query.skip(options.skip);
      if (options.limit !== undefined) query.limit(options.limit);
      const found = await query;
      return options.only === undefined ? found.map((document) => this.#whole(document)) : found;
    });
  }

  async exists(filter: Filter): Promise<boolean> {
    return (await this.findOne(filter, { only: ['_id'] })) !== null;
  }

  count(filter: Filter): Promise<number> {
    return this.#count(filter, this.#guard.deadlineMs);
  }

  /** The same, of nearly all records: with the deadline of `sum`. */
  countAll(filter: Filter): Promise<number> {
    return this.#count(filter, this.#guard.sumsDeadlineMs);
  }

  distinct(field: string, filter: Filter): Promise<readonly string[]> {
    return this.#guard.run(async () => (await this.#model.distinct(field, of<T>(filter))).map(String).sort());
  }

  aggregate<R>(stages: readonly PipelineStage[]): Promise<readonly R[]> {
    return this.#aggregate(stages, this.#guard.deadlineMs);
  }

  /** Adds up many records: it may take longer than other calls. For what is asked for once for all who want it, never by each. */
  sum<R>(stages: readonly PipelineStage[]): Promise<readonly R[]> {
    return this.#aggregate(stages, this.#guard.sumsDeadlineMs);
  }

  async remove(filter: Filter): Promise<boolean> {
    const { deletedCount } = await this.#guard.run(async () => this.#model.deleteOne(of<T>(filter)));
    return deletedCount > 0;
  }

  async removeAll(filter: Filter): Promise<number> {
    const { deletedCount } = await this.#guard.run(async () => this.#model.deleteMany(of<T>(filter)));
    return deletedCount;
  }

  #count(filter: Filter, maxTimeMS: number): Promise<number> {
    return this.#guard.run(async () => this.#model.countDocuments(of<T>(filter), { maxTimeMS }), maxTimeMS);
  }

  #aggregate<R>(stages: readonly PipelineStage[], maxTimeMS: number): Promise<readonly R[]> {
    return this.#guard.run(async () => this.#model.aggregate<R>([...stages], { maxTimeMS }), maxTimeMS);
  }

  async #updateOne(filter: Filter, update: Update, returnDocument: 'before' | 'after'): Promise<T | null> {
    const options = { returnDocument };
    const found = await this.#model.findOneAndUpdate(of<T>(filter), this.#stamped(update), options).lean<T>().exec();
    return found === null ? null : this.#whole(found);
  }

  /** With what a document of an older version lacks. */
  #whole(document: T): T {
    this.#fill(document as Record<string, unknown>);
    return document;
  }

  #stamped(update: Update): UpdateQuery<T> {
    if (this.#stamp === undefined) return { ...update } as UpdateQuery<T>;
    const others = (update['$currentDate'] ?? {}) as Update;
    return { ...update, $currentDate: { ...others, [this.#stamp]: true } } as UpdateQuery<T>;
  }
}

/** A copy: `sanitizeFilter` rewrites what it is given. */
function of<T>(filter: Filter): QueryFilter<T> {
  return { ...filter };
}

function projection({ without, only }: FindOptions): Record<string, 0 | 1> | undefined {
  if (only !== undefined) return Object.fromEntries(only.map((field) => [field, 1]));
  if (without !== undefined) return Object.fromEntries(without.map((field) => [field, 0]));
  return undefined;
}
