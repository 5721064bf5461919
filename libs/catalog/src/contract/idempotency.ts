/** What a request that made something was answered, to be answered again. */
export interface StoredReply {
  readonly location: string | null;
  /** JSON. */
  readonly body: string;
}

export interface IdempotentRequest {
  /** Of the key and whom it belongs to. */
  readonly digest: string;
  /** Of method, path and body. */
  readonly fingerprint: string;
  /** Who carries it out: one try of one process. */
  readonly holder: string;
  readonly now: Date;
  /** A try that began before this ended without a word: its process is gone. */
  readonly abandonedBefore: Date;
  readonly expiresAt: Date;
}

export type IdempotencyOutcome =
  /** To be carried out now; `reservedId` is the id that a try before, which was abandoned, gave to what it made (or was about to make). */
  | { readonly outcome: 'begun'; readonly reservedId: string | null }
  | { readonly outcome: 'replay'; readonly reply: StoredReply }
  | { readonly outcome: 'running' }
  /** The key stands for another request. */
  | { readonly outcome: 'mismatch' };

/** Keys that make a request be carried out once, for a day. A unique index decides who carries it out. */
export interface IdempotencyRepository {
  begin(request: IdempotentRequest): Promise<IdempotencyOutcome>;
  /** Before it is made: the id that it will have. False: another try has taken over. */
  reserve(digest: string, holder: string, id: string): Promise<boolean>;
  finish(digest: string, holder: string, reply: StoredReply): Promise<boolean>;
  /** Nothing was made: the key may be used again. */
  release(digest: string, holder: string): Promise<void>;
}
