import type { Binary } from 'mongodb';
import type { LoadReport } from '../../engine.js';
import type { LeftOutDocuments } from './left-out.js';

/** Collection of a target that holds the plan of a running restore, as its one document with this `_id` (docs/DESIGN.md, "A restore in words"). */
export const planCollection = '_hazina_restore';
export const planId = 'plan';
/** How the names of collections begin that a restore loads into before it gives them theirs. */
export const temporaryPrefix = '_hazina_tmp_';
/** Collection that marks the catalogue's own database. */
export const catalogueMarker = '_hazina_catalog';
/** Collection in a scratch database whose one document says which restore or drill made it. */
export const scratchMarker = '_hazina_scratch';

/** A collection in which Hazina notes what it is doing in a database: nobody's data. */
export function isOwnNote(collection: string): boolean {
  return collection === planCollection || collection === scratchMarker;
}

export type EntryKind = 'collection' | 'view' | 'timeseries';

/**
 * How a namespace comes to its name: `rename` its temporary collection; `fill` a new one from the temporary (time series, and names that a server takes on
 * `create` but not on `renameCollection`); `create` it (views).
 */
export type Placement = 'rename' | 'fill' | 'create';

/** Where users and roles wait to be merged: temporaries of the plan, which are dropped with all others. */
export interface AuthorizationPlaces {
  readonly users: { readonly temporary: string };
  readonly roles: { readonly temporary: string };
}

/**
 * One namespace of a restore. Everything that the phase `renaming` needs is in here, so that another process can finish it without the archive.
 */
export interface PlanEntry {
  readonly from: string;
  readonly db: string;
  /** The name in the end. */
  readonly final: string;
  /** Where its documents are loaded; never derived from the name, which may use up the server's limit. */
  readonly temporary: string;
  /** Where a collection goes that has the name now, when it cannot be replaced by the rename itself. */
  readonly old: string;
  /** A name like `final` that was tried on the server, when that looked doubtful. */
  readonly probe: string | null;
  /** Where documents that break a unique index are told apart, and the order of the archive is kept for it; only for collections that have one. */
  readonly sieve?: { readonly temporary: string; readonly order: { readonly temporary: string } };
  /** Where users and roles wait; of one entry, when they are restored. */
  readonly authorization?: AuthorizationPlaces;
  readonly kind: EntryKind;
  readonly placement: Placement;
  /** The `create` command of what is not renamed; absent while loading. BSON documents travel as bytes: their names may be anything. */
  readonly options?: Binary;
  /** Indexes to be built after the renames. */
  readonly lateIndexes?: readonly Binary[];
  readonly documents?: number;
  readonly bytes?: number;
  readonly loadMs?: number;
  readonly indexes?: number;
  /** What the server did not keep. */
  readonly notKept?: readonly string[];
  /** What differs whatever `strict` says: something is missing that the archive has. */
  readonly missing?: readonly string[];
  /** What `keep-last` left out. */
  readonly leftOut?: LeftOutDocuments;
  /** The definition of a view that had the name before, so that nobody loses it when the restore ends here. */
  readonly droppedView?: Binary;
  /** What has this name is being filled by this restore: what is there may be dropped and begun again. */
  readonly filling?: boolean;
}

export type ReportExtras = Pick<LoadReport, 'oplog' | 'usersAndRoles'>;

export type Phase = 'loading' | 'dropping' | 'renaming';

/**
 * The plan, one document in each database that is written. The one in the first database (in order of names) leads: its `phase`, `fence` and
 * `beat` count. It is inserted first and removed last.
 */
export interface PlanDocument {
  readonly _id: typeof planId;
  /** Tells this run's plans from all others; its first six characters are in the names of its temporaries. */
  readonly restoreId: string;
  readonly backupId: string;
  /** SHA-256 over the options that decide what the restore does. */
  readonly digest: string;
  readonly mode: 'into-empty' | 'replace';
  /** What the caller knows the restore by over all its runs, when it told (`LoadRequest.askedAs`). */
  readonly askedAs?: string;
  readonly databases: readonly string[];
  /** What the report tells besides the namespaces, from the renames on: whoever finishes them has read no archive. */
  readonly extras?: ReportExtras;
  readonly phase: Phase;
  readonly fence: number;
  readonly beat: number;
  /** Its process ended in an orderly way: nobody need wait for the lease. */
  readonly released: boolean;
  /** The namespaces of this database. */
  readonly entries: readonly PlanEntry[];
}
