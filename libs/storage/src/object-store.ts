import type { Readable } from 'node:stream';

/**
 * Where containers lie: S3 or a directory behind one contract. This comment is the contract; `testing/conformance.ts` checks it on every adapter.
 *
 * - Keys are `/`-separated, relative to the store's prefix, made of ids alone (spec/objects.md); an adapter refuses any other form
 *   (`store/unsupported`): empty segments, `.` or `..`, a leading slash, control characters.
 * - An object appears whole or not at all: no reader ever sees half of one, and a failed or aborted put leaves nothing behind: no object,
 *   no open upload, no temporary file. A put whose source stream is destroyed or errors is a failed put; the error of the source is the error of the put.
 * - Every error is an AppError with a `store/…` code. "Not there" is `null` from `head`, `store/no-object` from `get`, and nothing at all from `delete`.
 *   Its retry class tells whether the same call may succeed later. Adapters repeat what is safe to repeat by themselves (parts, small puts, reads of
 *   metadata); reads of bodies are resumed by `resumingGet`, whole calls by the retrying wrapper, nobody else.
 * - `signal` aborts within seconds, also while the network stalls; the call ends with the signal's error after its clean-up was awaited.
 * - Memory is bounded by part size times concurrency, whatever the size of the object.
 */
export interface ObjectStore {
  /** For people: `s3://bucket/prefix` or an absolute folder; never a credential. */
  readonly location: string;

  /** Writes a stream of unknown length. */
  put(key: string, body: Readable, options: PutOptions): Promise<PutResult>;
  /** Writes a small object (up to 16 MiB) in one request. */
  putBytes(key: string, bytes: Uint8Array, options?: PutBytesOptions): Promise<PutResult>;

  /** Size and version of an object; null when it is not there. */
  head(key: string, signal?: AbortSignal): Promise<ObjectHead | null>;
  /** Bytes `start` to `end` (exclusive, default: the object's end). The stream ends only when all of them were given; less is an error. */
  get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable>;
  /** A whole small object; `store/unsupported` above `maxBytes`. */
  getBytes(key: string, maxBytes: number, signal?: AbortSignal): Promise<{ bytes: Buffer; etag: string }>;
  /** Every object whose key begins with `prefix`, in key order, complete or an error: never silently partial. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectEntry>;
  /** The names directly below a folder (`prefix` ends with `/` or is empty), without their trailing slash, in order. */
  listFolders(prefix: string, signal?: AbortSignal): AsyncIterable<string>;
  /**
   * Removes an object with every version that the store kept of it; no error when it is not there. What a lock holds stands as before (`store/locked`, with
   * `lockedUntil` in the details where the store tells it). Without the right to see versions only the object itself goes, and `listHidden` says so.
   */
  delete(key: string, signal?: AbortSignal): Promise<void>;
  /** Takes an object out of sight, for what a lock holds: its versions stay (`listHidden`). Where no versions are kept it is removed. */
  hide(key: string, signal?: AbortSignal): Promise<void>;
  /** Keys of which only versions are left, no object: removed without its versions, hidden, or taken away by others. Throws `store/refused` where versions are kept and must not be seen. */
  listHidden(prefix: string, signal?: AbortSignal): AsyncIterable<HiddenObject>;

  /** Open (unfinished) uploads below a prefix: multipart uploads, or temporary files of a directory. */
  listUploads(prefix: string, signal?: AbortSignal): AsyncIterable<OpenUpload>;
  abortUpload(upload: OpenUpload, signal?: AbortSignal): Promise<void>;

  /** A URL that reads the object without credentials; null where the store has none (directory, memory). */
  presignGet(key: string, options: PresignOptions): Promise<{ url: string; expiresAt: Date } | null>;
  /** The store's own clock, where it has one. */
  serverTime(signal?: AbortSignal): Promise<Date | null>;
  /** What this store can do, found out by trying once and remembered. Writes below `_hazina/probe-…` and removes it again. */
  abilities(signal?: AbortSignal): Promise<StoreAbilities>;
  /** How the store guards objects against removal; null where it has no such thing (directory, memory). */
  protection(signal?: AbortSignal): Promise<StoreProtection | null>;
  /** Bytes that may still be written, as the file system below tells; null where nobody knows (buckets, memory). */
  freeBytes(signal?: AbortSignal): Promise<number | null>;
  /** Ends connections. Calls after it fail. */
  close(): Promise<void>;
}

export interface PutOptions {
  readonly signal?: AbortSignal;
  /** Bytes expected, from an estimate; plans the part size. Undefined: unknown. More than expected is no error until the store's own limit. */
  readonly expectedBytes?: number;
  /** Refuse to overwrite (`store/exists`), where the store honours it; a directory and memory always do. */
  readonly ifNoneMatch?: boolean;
  /** Held by the store's lock, where one is configured: only what is never written again. */
  readonly lock?: boolean;
  /** Lies in the configured storage class: only what is read rarely, and never to find out what there is. */
  readonly bulk?: boolean;
  /** Other than configured. */
  readonly place?: ObjectPlace;
}

export interface PutBytesOptions {
  readonly signal?: AbortSignal;
  readonly ifNoneMatch?: boolean;
  readonly lock?: boolean;
  /** Overwrite only this version (`store/precondition-failed`), where the store honours it. */
  readonly ifMatch?: string;
  /** Other than configured. */
  readonly place?: ObjectPlace;
}

/** What `lock` and `bulk` mean for an object. */
export interface ObjectPlace {
  /** Absent: the configured one; null: none. */
  readonly objectLock?: ObjectLock | null;
  /** Absent: the configured one. */
  readonly storageClass?: StorageClass;
}

export interface PutResult {
  readonly bytes: number;
  /** Opaque version of the object; equal to that of `head` until it is overwritten. */
  readonly etag: string;
}

export interface ObjectHead {
  readonly bytes: number;
  readonly etag: string;
  readonly lastModified: Date;
  /** The store refuses to remove it before (object lock); `foreverLocked` under a legal hold. Absent: not locked, or the store tells nothing. */
  readonly lockedUntil?: Date;
  /** It lies in a class that gives no bytes until it was brought back. Absent: it can be read. */
  readonly cold?: ColdState;
}

export interface ColdState {
  readonly storageClass: string;
  /** Somebody has asked for it, and it is on its way. */
  readonly isComing: boolean;
}

export interface ObjectLock {
  /** Governance: those with a right of their own may break it. Compliance: nobody. */
  readonly mode: 'governance' | 'compliance';
  /** From the beginning of each write; fractions allowed. */
  readonly days: number;
}

/** In S3's names. The last two give no bytes until an object was brought back. */
export type StorageClass =
  'STANDARD' | 'STANDARD_IA' | 'ONEZONE_IA' | 'INTELLIGENT_TIERING' | 'GLACIER_IR' | 'GLACIER' | 'DEEP_ARCHIVE';

export interface HiddenObject {
  readonly key: string;
  readonly versions: number;
  /** Of all versions. */
  readonly bytes: number;
}

/** `unknown`: the credentials lack the right to ask. */
export interface StoreProtection {
  readonly versioning: 'on' | 'suspended' | 'off' | 'unknown';
  readonly objectLock: 'on' | 'off' | 'unknown';
  /** What the bucket itself locks without being asked, every file that is rewritten included. */
  readonly defaultLock: ObjectLock | null;
  /** What this store asks for with each `lock`. */
  readonly asked: ObjectLock | null;
}

/** The last time that a Date can hold: a legal hold has no end. */
export const foreverLocked = new Date(8_640_000_000_000_000);

export interface ObjectEntry {
  readonly key: string;
  readonly bytes: number;
  readonly lastModified: Date;
}

export interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedAt: Date | null;
}

export interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end?: number;
  /** Read this version (the `etag` of `head`) and no other: `store/precondition-failed` when another one stands there. */
  readonly ifMatch?: string;
}

export interface PresignOptions {
  /** Seconds, 1 to 604,800. */
  readonly expiresIn: number;
  /** Name under which a browser or `curl -OJ` saves the file. */
  readonly fileName: string;
}

export interface StoreAbilities {
  /** `If-None-Match: *` is honoured on puts (one request and multipart alike). */
  readonly conditionalCreate: boolean;
  /** `If-Match` is honoured. */
  readonly conditionalReplace: boolean;
  readonly presign: boolean;
}
