import type { MongoClient } from 'mongodb';
import type { LoadRequest } from '../../engine.js';
import { applyRenames } from '../../selection/index.js';
import { cannotReplay } from '../oplog/interpret-operation.js';
import type { SourceName } from '../oplog/oplog-replay.js';
import type { OplogOperation } from '../oplog/oplog-entry.js';
import { createTemporaries } from './create-collections.js';
import type { LoadEntry } from './load-entry.js';
import type { NamedEntry } from './name-plan.js';
import { nameOf } from './names.js';
import { addedEntry, type ArchivedCollection } from './plan-entries.js';
import type { OwnedPlan } from './plan-store.js';
import type { BsonMap } from './raw-bson.js';
import { checkNames } from './target-check.js';
import type { TargetState } from './target-state.js';

export interface LateCollectionsOptions {
  readonly client: MongoClient;
  readonly request: LoadRequest;
  readonly plan: OwnedPlan;
  readonly named: readonly NamedEntry<ArchivedCollection>[];
  readonly before: TargetState;
  readonly signal: AbortSignal;
}

/** Each entry takes up to three numbers for its temporaries. */
const numbersOfEntry = 3;

/** Collections that are not in the list of the archive, because they were made while it was: they get what the others got before the load. */
export class LateCollections {
  /** All names that will be written, and what had them before. */
  readonly named: NamedEntry<ArchivedCollection>[];
  readonly before: Map<string, NonNullable<ReturnType<TargetState['get']>>>;
  private next: number;

  constructor(private readonly options: LateCollectionsOptions) {
    this.named = [...options.named];
    this.before = new Map(options.before);
    this.next = numbersOfEntry * options.named.length;
  }

  /** Makes the temporary collection of one. Throws `restore/failed` with the place of the operation, and the refusals of the target. */
  async add(operation: OplogOperation, { db, collection }: SourceName, options: BsonMap): Promise<LoadEntry> {
    const { client, request, plan, signal } = this.options;
    const source: ArchivedCollection = { db, collection, type: 'collection', metadata: null };
    const named = { source, kind: source.type, ...applyRenames(request.rename, db, collection) };
    if (!plan.draft.databases.includes(named.db))
      throw cannotReplay(
        operation,
        `it makes a collection in ${nameOf(named)}, a database that the archive does not hold`,
      );
    if (this.named.some((other) => other.db === named.db && other.collection === named.collection))
      throw cannotReplay(operation, `its collection would become ${nameOf(named)}, as another one does`);
    const checked = await checkNames(client, [named], request, `_hazina_tmp_${plan.draft.restoreId.slice(0, 6)}_none`);
    const entry = addedEntry(named, options, checked.filled.has(named), plan.draft.restoreId, this.next);
    this.next += 1;
    await plan.addEntry(entry.plan);
    await createTemporaries(client, [entry], signal);
    this.named.push(named);
    for (const [name, occupant] of checked.state) this.before.set(name, occupant);
    return entry;
  }
}
