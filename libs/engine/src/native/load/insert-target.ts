import type { Db } from 'mongodb';

/** Where the documents of a namespace go. */
export interface InsertTarget {
  readonly db: Db;
  /** The collection that is written: a temporary one. */
  readonly collection: string;
  /** The name in the end, for messages. */
  readonly final: { readonly db: string; readonly collection: string };
  /** Capped collections: the order of the documents is part of the data. */
  readonly ordered: boolean;
}
