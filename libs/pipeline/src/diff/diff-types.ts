import type { ArchiveNamespace } from '#engine';

/** A namespace of one side of a comparison. */
export interface DiffNamespace extends ArchiveNamespace {
  /** CRC-64 of its documents in their order; null where nobody knows it. */
  readonly crc64: string | null;
}

/** One side: a backup, or a server. */
export interface DiffSide {
  /** `databases`: those of the first side; a server is asked for these alone. */
  namespaces(databases: readonly string[]): Promise<readonly DiffNamespace[]>;
  /** Raw documents; may be called again, and the order does not matter. */
  documents(namespace: DiffNamespace): AsyncIterable<Buffer>;
}

/** `same`: proven, or as far as was looked. `unknown`: the counts agree, and nothing was said about the documents. */
export type Verdict = 'same' | 'different' | 'missing' | 'added' | 'unknown';

export interface NamespaceDiff {
  readonly db: string;
  readonly collection: string;
  readonly verdict: Verdict;
  /** Types; null: not on this side. */
  readonly leftType: string | null;
  readonly rightType: string | null;
  /** Numbers of documents, where they are known. */
  readonly left: number | null;
  readonly right: number | null;
  /** Only when documents were compared. */
  readonly documents?: DocumentCounts;
}

export interface DocumentCounts {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
}

export interface DocumentDiff {
  readonly db: string;
  readonly collection: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** `{_id: …}` as raw BSON. */
  readonly id: Buffer;
}
