import type { BackupState, UseKind } from '#contracts';
import type { ClaimRef } from './claims.js';

/** What came of the wish to use a backup. */
export type UseOutcome =
  | { readonly outcome: 'taken'; readonly ref: ClaimRef }
  /** Somebody has it, under a lease that beats. */
  | { readonly outcome: 'busy'; readonly kind: UseKind; readonly fence: number; readonly beat: number }
  | { readonly outcome: 'not-completed'; readonly status: BackupState }
  | { readonly outcome: 'no-record' };

/** A backup that was sealed anew and read to its end. */
export interface RewriteFacts {
  readonly attempt: number;
  /** The exact text of its new `backup.json`. */
  readonly bytes: string;
  readonly hash: string;
  readonly size: number;
  readonly keyIds: readonly string[];
  /** Of the primary store, in which it stands now; null: the catalogue knows none yet. */
  readonly storeId: string | null;
  /** When its reading began, and when it was over. */
  readonly provenFrom: Date;
  readonly at: Date;
}
