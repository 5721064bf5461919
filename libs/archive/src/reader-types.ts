import type { ArchivedType, NamespaceState } from './namespace-state.js';
import type { ArchiveHeader, ArchivePrelude } from './prelude-parts.js';

/** Told what the reader finds, in order, while bytes are pushed. */
export interface ArchiveHandler {
  prelude?: (prelude: ArchivePrelude) => void;
  /** A run of whole documents: a view on the bytes that were pushed, to be copied when it is kept. */
  documents?: (namespace: NamespaceState, run: Buffer, count: number) => void;
  /** The namespace has ended, and its checksum was right. */
  namespaceEnd?: (namespace: NamespaceState) => void;
}

export interface ArchiveReaderOptions {
  /** Names `db.collection` of namespaces without an entry in the prelude that must be there (`admin.system.users`, `.oplog`): no structure shows their loss. */
  readonly expectNamespaces?: readonly string[];
  /** Collect the extents of data blocks. */
  readonly recordBlocks?: boolean;
}

export interface ArchiveNamespaceSummary {
  readonly db: string;
  readonly collection: string;
  readonly type: ArchivedType;
  /** JSON text; null for a namespace without an entry in the prelude. */
  readonly metadata: string | null;
  readonly documents: number;
  readonly bsonBytes: number;
  /** Unsigned CRC-64/XZ of the documents. */
  readonly crc64: bigint;
  /** Blocks that are no end blocks, empty ones included. */
  readonly dataBlocks: number;
}

export interface ArchiveSummary extends ArchiveHeader {
  readonly archiveBytes: number;
  readonly namespaces: readonly ArchiveNamespaceSummary[];
  /** `[namespace, archiveOffset, archiveBytes]` of every data block, from its header through its terminator. */
  readonly blocks?: readonly [number, number, number][];
}
