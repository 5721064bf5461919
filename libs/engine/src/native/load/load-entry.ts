import { Binary, BSON } from 'mongodb';
import type { NamespaceProgress } from '../../engine.js';
import { createCommand, isCapped, planIndexes, type CollectionSpec, type IndexPlan } from './collection-spec.js';
import { LeftOut, type ListingRoom } from './left-out.js';
import type { PlanEntry } from './plan-types.js';
import { decodeToMap, type BsonMap } from './raw-bson.js';

/** A namespace while it is loaded: its plan, what the archive says of it, and what came of it so far. */
export interface LoadEntry {
  readonly plan: PlanEntry;
  /** What a replayed oplog says is put in here, too. */
  spec: CollectionSpec;
  indexes: IndexPlan;
  capped: boolean;
  documents: number;
  bytes: number;
  /** Documents whose place in the archive is written down (`noteOrder`). */
  noted: number;
  /** Monotonic times of its first document and its last early index. */
  begunAt: number | null;
  doneAt: number | null;
  indexCount: number;
  readonly notKept: string[];
  readonly missing: string[];
  leftOut: LeftOut;
  /** The server made something else of it (a view became a collection): it is not made in the end. */
  unsupported: boolean;
  /** The replayed oplog dropped it: it is not restored. */
  dropped: boolean;
}

export function newLoadEntry(plan: PlanEntry, spec: CollectionSpec, room?: ListingRoom): LoadEntry {
  return {
    plan,
    spec,
    indexes: planIndexes(spec),
    capped: isCapped(spec),
    documents: 0,
    bytes: 0,
    noted: 0,
    begunAt: null,
    doneAt: null,
    indexCount: 0,
    notKept: [],
    missing: [],
    leftOut: new LeftOut(room),
    unsupported: false,
    dropped: false,
  };
}

/** The entry as the renames need it: with everything that the archive would be needed for otherwise. */
export function planForRenaming(entry: LoadEntry): PlanEntry {
  const { plan, spec, indexes, leftOut } = entry;
  const deferred = plan.placement !== 'rename' && !entry.unsupported;
  return {
    ...plan,
    ...(deferred ? { options: toBinary(new Map(Object.entries(createCommand(plan.final, spec)))) } : {}),
    lateIndexes: (plan.placement === 'fill' ? [...indexes.early, ...indexes.late] : indexes.late).map(toBinary),
    documents: entry.documents,
    bytes: entry.bytes,
    loadMs: durationOf(entry),
    indexes: entry.indexCount,
    notKept: entry.notKept,
    missing: entry.missing,
    ...(leftOut.total > 0 ? { leftOut: { total: leftOut.total, listed: leftOut.listed } } : {}),
  };
}

export function progressOf({ plan, documents, doneAt }: LoadEntry): NamespaceProgress {
  return { db: plan.db, collection: plan.final, documents, done: doneAt !== null };
}

function durationOf({ begunAt, doneAt }: LoadEntry): number {
  return begunAt === null || doneAt === null ? 0 : Math.round(doneAt - begunAt);
}

export function toBinary(document: BsonMap): Binary {
  return new Binary(BSON.serialize(document));
}

export function fromBinary(binary: Binary): BsonMap {
  return decodeToMap(binary.buffer.subarray(0, binary.position));
}
