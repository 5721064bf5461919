import type { Readable } from 'node:stream';
import type { AppError, Consistency, ReplayedOplog, RestoredUsers, Secret, Topology } from '#contracts';

/**
 * What produces a mongodump archive from a server (spec: facts of the archive format), and what loads one into a server.
 * Two engines stand behind it: `mongodump/` drives the official tools, `native/` speaks to the server itself.
 */
export interface DumpEngine {
  readonly name: EngineName;
  /**
   * Looks before anything is written: reaches the server, resolves the databases, estimates the size.
   * Throws `source/…` or `engine/…` AppErrors. A named database that does not exist is `source/unknown-database`.
   */
  probe(request: DumpRequest, signal: AbortSignal): Promise<DumpProbe>;
  /**
   * Starts a dump. `stream` gives the archive's bytes; it ends only after the engine's own verdict that the dump is complete, and is destroyed
   * with an AppError otherwise, so that no pipeline can succeed on half a dump. Aborting the signal destroys it and ends everything behind it.
   */
  dump(request: DumpRequest, probe: DumpProbe, signal: AbortSignal): Promise<Dump>;
}

/** `import`: no server is read, but a dump that others made. */
export type EngineName = 'mongodump' | 'native' | 'import';

export interface DumpRequest {
  /** The server; credentials inside. */
  readonly uri: Secret;
  /** Names of databases; empty: the one in the URI's path (unless `admin`), else all. */
  readonly databases: readonly string[];
  /** Namespace patterns as mongorestore's (`db.collection`, `*`, `\` escapes; a bare `db` is `db.*`); empty: all. */
  readonly include: readonly string[];
  /** Exclude wins over include. */
  readonly exclude: readonly string[];
  /**
   * With the entries of the oplog from the beginning of the dump to its end (mongodump, a whole replica set): a restore replays them. `if-there`: of a dump that
   * somebody else made, whatever it has.
   */
  readonly oplog?: boolean | 'if-there';
  /** What reads the dump takes at most so many bytes a second; absent: as fast as it goes. Reading all may then take longer than a server keeps a snapshot. */
  readonly bytesPerSecond?: number;
  /** False: read without a snapshot, and say so in a warning, for an attempt before this one outlived its own. */
  readonly snapshot?: false;
}

export interface DumpProbe {
  readonly engine: { readonly name: EngineName; readonly version: string };
  readonly server: { readonly version: string; readonly topology: Topology };
  /** The databases that will be dumped, sorted. */
  readonly databases: readonly string[];
  /** BSON bytes to expect, from the server's statistics; null when it tells none. */
  readonly estimatedBytes: number | null;
  readonly warnings: readonly string[];
}

export interface Dump {
  readonly stream: Readable;
  /** Settled when the stream ended or was destroyed; what only the end of a dump can tell. Never rejects before `stream` fails with the same error. */
  readonly result: Promise<DumpResult>;
}

export interface DumpResult {
  readonly consistency: Consistency;
  readonly warnings: readonly string[];
}

/** Loads an archive into a server: plain archive bytes in, a report out. A bad archive never changes a target (docs/DESIGN.md, "A restore in words"). */
export interface LoadEngine {
  readonly name: 'native' | 'mongorestore';
  /**
   * Says what `load` would do, writing nothing. Throws the refusals that `load` would throw. With a listener a target that is not empty is told there instead,
   * and the plan goes on: its namespaces that would be refused say so.
   */
  plan(
    request: LoadRequest,
    contents: ArchiveContents,
    signal: AbortSignal,
    listener?: PlanListener,
  ): Promise<LoadPlan>;
  /**
   * Loads. The source is read once, to its end, and its last block verified, before any name of the target changes (native engine).
   * Throws `target/…` and `restore/…`; an error of the source is passed on as it is, after the target was put back.
   */
  load(request: LoadRequest, source: Readable, signal: AbortSignal): Promise<LoadReport>;
  /**
   * Removes what an abandoned run of this restore, or any other abandoned one in its way, left while it loaded; waits for its lease. `renaming`: this very
   * restore had begun its renames, which only go forward: `load` finishes them. An engine without it leaves nothing to be removed that could be told from data.
   */
  putBack?(request: LoadRequest, contents: ArchiveContents, signal: AbortSignal): Promise<'clear' | 'renaming'>;
}

/** Whoever wants to know more of a plan than it says: a dry run. */
export interface PlanListener {
  /** The target is not empty. */
  readonly refused: (refusal: AppError) => void;
  /** What the target answered: nobody needs to ask again. */
  readonly means: (means: TargetMeans) => void;
}

/** What a target has for a restore. */
export interface TargetMeans {
  readonly rights: TargetRights;
  readonly room: TargetRoom;
}

export interface TargetRights {
  /** The server says what the user may do. */
  readonly told: boolean;
  /** Nobody logged in: the server asks nobody. */
  readonly anonymous: boolean;
  /** Who logged in: `restorer@admin`. */
  readonly users: readonly string[];
  readonly lacking: readonly { readonly db: string; readonly isCore: boolean; readonly text: string }[];
}

export interface TargetRoom {
  /** BSON bytes of what is restored; null when nobody knows. */
  readonly bytes: number | null;
  /** Of the server's disk; null when it does not tell. */
  readonly freeBytes: number | null;
  /** Absent while there is room, as far as anybody knows. */
  readonly warning?: string;
}

/** What is known of an archive before its blocks are read: the prelude. */
export interface ArchiveContents {
  /** Entries of the oplog that the archive holds, 0 without one; absent when nobody knows. */
  readonly oplog?: number;
  /** The time of its last entry; absent or null when nobody knows. */
  readonly oplogAt?: { readonly t: number; readonly i: number } | null;
  /** Users and roles that the archive holds, 0 without any; absent when nobody knows. */
  readonly usersAndRoles?: number;
  readonly namespaces: readonly ArchiveNamespace[];
  /** Of the server that was dumped, when somebody knows. */
  readonly serverVersion?: string;
}

export interface ArchiveNamespace {
  readonly db: string;
  readonly collection: string;
  readonly type: 'collection' | 'view' | 'timeseries';
  /** Number of documents, when a manifest tells. */
  readonly documents: number | null;
  /** BSON bytes, when a manifest tells. */
  readonly bytes?: number;
}

export interface LoadRequest {
  readonly uri: Secret;
  /** Which namespaces of the archive, by their names in the archive; empty: all. */
  readonly databases: readonly string[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** `A=C` renames a database, `A.b=C.d` a collection; applied after selection. */
  readonly rename: readonly Rename[];
  readonly mode: 'into-empty' | 'replace';
  /** In `replace`: the names of the databases that the operator typed; every database to be changed must be among them (`restore/confirmation-needed`). */
  readonly confirm: readonly string[];
  /** Identifies the restore in the plan document: the backup's id, or a digest of a file. */
  readonly backupId: string;
  /** Whoever runs the restore more than once names it here, the same each time: `putBackRestore` finds by it what a run left. */
  readonly askedAs?: string;
  /** What to do with a document whose `_id` the target refuses as a duplicate: fail the restore, or keep the last one. */
  readonly onConflict: 'fail' | 'keep-last';
  /** Go on although somebody else writes into the target during the restore. */
  readonly ignoreWrites: boolean;
  /**
   * Replay the oplog of the archive on what was loaded, before a name of the target changes: all collections are of one moment then. Of a whole archive only
   * (no selection). Throws `target/unsupported` where the target has no `applyOps`, before anything is written, and `restore/failed` when there is no oplog.
   */
  readonly oplogReplay?: boolean;
  /**
   * Take over users and roles of the archive, too: of `databases`, or all. They are merged into those of the server when everything is loaded and before a name
   * changes. Goes with no pattern and no rename. Throws `target/unsupported` where the target cannot, before anything is written.
   */
  readonly usersAndRoles?: boolean;
  /** Options, indexes or validators that the server dropped silently are differences (not warnings). */
  readonly strict: boolean;
  /** Called as documents are loaded; at most a few times a second. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /**
   * Awaited by the native engine when everything is loaded, just before the restore only goes forward; throwing ends it, with the target as it was.
   * `resumed`: an earlier run had got there, so it is a message only, and what it throws is passed over.
   */
  readonly onRenaming?: (resumed: boolean) => Promise<void>;
  /**
   * Awaited by the native engine when all documents are under their names and views are there, and TTL indexes are not yet: from then on the server itself
   * may remove documents. Drills look at them here. May be called twice.
   */
  readonly onFilled?: () => Promise<void>;
  /**
   * Awaited by the native engine when all is done and only its plan is left in the target: whoever keeps the report knows of every restore that left none.
   * Throwing leaves the plan there; the next run finishes again. May be called twice.
   */
  readonly onFinished?: (report: LoadReport) => Promise<void>;
}

export interface Rename {
  readonly from: string;
  readonly to: string;
}

export interface LoadProgress {
  readonly documents: number;
  readonly bytes: number;
  readonly stage: 'load' | 'index' | 'rename';
  /** How far each namespace is (native engine); made when it is asked for. */
  readonly namespaces?: () => readonly NamespaceProgress[];
}

export interface NamespaceProgress {
  readonly db: string;
  readonly collection: string;
  readonly documents: number;
  /** Its documents and indexes are there. */
  readonly done: boolean;
}

export interface LoadPlan {
  readonly namespaces: readonly PlannedNamespace[];
  /** For people: what is special about this restore (not all-or-nothing, time series dropped first, …). */
  readonly notes: readonly string[];
  /** What may go wrong although nothing is refused: another version, a lack of rights or of room. Told by a real run, too. */
  readonly warnings?: readonly string[];
}

export interface PlannedNamespace {
  readonly from: string;
  readonly db: string;
  readonly collection: string;
  readonly type: 'collection' | 'view' | 'timeseries';
  readonly documents: number | null;
  /** What the target has under this name now, and what happens to it. `refused`: only in a plan that was asked to go on (`PlanListener`). */
  readonly action: 'create' | 'replace' | 'refused';
}

export interface LoadReport {
  readonly outcome: 'restored' | 'restored-with-differences';
  readonly namespaces: readonly LoadedNamespace[];
  readonly warnings: readonly string[];
  /** Of the oplog that was replayed; absent: none was. */
  readonly oplog?: ReplayedOplog;
  /** That were taken over; absent: none were asked for. */
  readonly usersAndRoles?: RestoredUsers;
}

export interface LoadedNamespace {
  readonly db: string;
  readonly collection: string;
  readonly documents: number;
  readonly indexes: number;
  /** BSON bytes, and the time from its first document to its last early index (native engine). */
  readonly bytes?: number;
  readonly durationMs?: number;
  /** What the server did not keep, in words; empty when all is equal (or only warned of). */
  readonly differences: readonly string[];
}
