import type { Claim, RecordedError } from './records.js';

/**
 * Where the copy of a backup in a destination stands. `missing`: it was there, and is not any more. `failed`: the last try did not succeed; it is tried again.
 * `verifying`: copied, and read back at this moment.
 */
export const copyStates = [
  'pending',
  'copying',
  'copied',
  'verifying',
  'failed',
  'missing',
  'removing',
  'removed',
] as const;
export type CopyState = (typeof copyStates)[number];

/** The place that no destination may be named: what is copied to it is on its way home. */
export const primaryStore = 'primary';

/** A backup in a destination: one record for each pair, with its state, its claim and its story's last words. */
export interface CopyRecord {
  /** `<backupId>/<destination>`. */
  readonly copyId: string;
  readonly backupId: string;
  readonly destination: string;
  readonly target: string;
  readonly state: CopyState;
  /** When the backup was completed. */
  readonly completedAt: Date;
  /** Stored bytes of its data. */
  readonly bytes: number;
  /** What of them stands there, as far as is known: all or nothing. */
  readonly storedBytes: number;
  /** Which bytes, marks and keys of the backup stand there (`copyStampOf`); null: none. Other than those of the record: it is copied again. */
  readonly stamp: string | null;
  /** The attempt that stands there since it was sealed anew; null or absent: the one that its backup was committed as. */
  readonly sealedAs?: number | null;
  /** Tries that failed since the last one that did not. */
  readonly attempts: number;
  readonly error: RecordedError | null;
  readonly errorMessage: string | null;
  readonly nextAttemptAt: Date | null;
  /** Null: nothing stands there (any more). */
  readonly copiedAt: Date | null;
  readonly verifiedAt: Date | null;
  /** When it is to be verified; null: not (again). */
  readonly verifyAt: Date | null;
  /** The next copy trusts nothing that stands there. */
  readonly thorough: boolean;
  readonly removedAt: Date | null;
  /** The destination's own lock holds it until then: its removal waits. */
  readonly lockedUntil: Date | null;
  /** Retention took its backup from the primary store, and the destination's own kept the copy: without such a one it goes only when it is told to. */
  readonly outlived: boolean;
  readonly claim: Claim;
}

/** What a destination knows of a copy that stands in it alone. */
export interface FoundCopy {
  readonly backupId: string;
  readonly target: string;
  /** When the backup was completed. */
  readonly completedAt: Date;
  readonly attempt: number;
  /** SHA-256 of its sealed data. */
  readonly hash: string;
  /** Stored bytes of its data. */
  readonly bytes: number;
  /** Of the keys that open it now. */
  readonly keyIds: readonly string[];
  readonly lockedUntil: Date | null;
}

/** What one worker found of a destination. */
export interface DestinationHealth {
  readonly name: string;
  readonly location: string;
  /** Null: not known yet. */
  readonly ok: boolean | null;
  readonly detail: string | null;
}
