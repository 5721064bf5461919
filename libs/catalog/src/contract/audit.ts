import type { AuditRecord, ChainedAuditRecord } from '#contracts';

export interface AuditHead {
  readonly sequence: number;
  readonly hash: string;
}

export interface AuditQuery {
  readonly limit: number;
  /** Only entries with a lower number. */
  readonly before?: number;
  readonly event?: string;
  readonly actor?: string;
  readonly resource?: string;
  readonly outcome?: AuditRecord['outcome'];
  /** Both inclusive. */
  readonly from?: Date;
  readonly to?: Date;
}

/** The audit log: entries are added to a chain of hashes, never changed; what is out of date is removed from its beginning, and the chain says so. */
export interface AuditRepository {
  /** Any number of processes may append: a unique index decides who is next. The entry as it stands in the chain. */
  append(entry: AuditRecord): Promise<ChainedAuditRecord>;
  /** Newest first. `next`: give it as `before` for the page after this one; null: this is the last one. */
  list(query: AuditQuery): Promise<{ readonly data: readonly ChainedAuditRecord[]; readonly next: number | null }>;
  /** Number and hash of the newest entry as they were noted beside the log; null: there was none yet. */
  head(): Promise<AuditHead | null>;
  /** The lowest and the highest number that is there; null: none. */
  bounds(): Promise<{ readonly first: number; readonly last: number } | null>;
  /** Entries from `first` to `last`, both inclusive, in order. */
  range(first: number, last: number): Promise<readonly ChainedAuditRecord[]>;
  /**
   * Notes in the chain what is removed (`audit_purge`, with number and hash of the last one, and `before`), then removes the entries older than `before`, but for
   * the newest of them, which proves their age. How many.
   */
  purge(before: Date, now: Date): Promise<number>;
}
