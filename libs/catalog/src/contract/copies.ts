import type { AppError, BackupRecord, CopyRecord, CopyState, FoundCopy } from '#contracts';
import type { ClaimRef, ClaimState, LeaseView } from './claims.js';
import type { StorageHistory } from './stats.js';

/** What a look at a destination's copies asks for. */
export interface CopyPlanRequest {
  readonly destination: string;
  /** Targets whose backups are copied there. */
  readonly targets: readonly string[];
  /** It keeps by a policy of its own: what retention removes from the primary store stays there. */
  readonly ownRetention: boolean;
  /** What rules of its own had let go is made again where there are none any more, or the backup is pinned. Default: not now. */
  readonly renew?: boolean;
  /** Copies are read back there: those that have no date for it get one (they were made before that was asked for, or were about to go). */
  readonly verify?: CopyVerifications;
}

export interface CopyVerifications {
  /** When those are due that were never read back. */
  readonly at: Date;
  /** How long after the last time the others are; null: once is enough. */
  readonly againMs: number | null;
}

/** A copy, and the record of its backup (null: it was purged) where retention needs it. */
export interface KeptCopy {
  readonly copy: CopyRecord;
  readonly backup: BackupRecord | null;
}

export interface CopyCount {
  readonly destination: string;
  readonly state: CopyState;
  readonly count: number;
  readonly oldest: Date;
}

/**
 * Which backup stands where. One record a pair of backup and destination. A copy that is worked on is a use of its backup (spec/objects.md, "Deletion"): it is claimed
 * first and looks at the backup then, as a deletion marks first and looks for uses then.
 */
export interface CopyRepository {
  /** Brings the records in line with the backups: new ones, changed ones (marks, keys, bytes), deleted ones. The number of changes. */
  plan(request: CopyPlanRequest): Promise<number>;
  /**
   * The same for the way home (`primaryStore` as the destination): what stands in a destination and is not in the primary store, for that was away or has lost it.
   */
  planHome(): Promise<number>;
  /** Which of these backups stand in a destination, whole. */
  standing(backupIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** It is home: its way there is over. */
  forget(ref: ClaimRef): Promise<boolean>;
  /** The next that is due, claimed; null when nothing is. Copies come before verifications, and the newest backup first. */
  claimNext(destination: string, owner: string, now: Date): Promise<CopyRecord | null>;
  /** This one, claimed as for a verification; null: it does not stand there at rest. */
  claimStanding(copyId: string, owner: string): Promise<CopyRecord | null>;
  /** It was sealed anew where it stands, under this claim, and read to its end. */
  resealed(
    ref: ClaimRef,
    done: {
      readonly at: Date;
      readonly attempt: number;
      readonly hash: string;
      readonly bytes: number;
      readonly keyIds: readonly string[];
    },
  ): Promise<boolean>;
  beat(ref: ClaimRef): Promise<ClaimState>;
  /** The same look without a beat: a deletion of the backup ends what is done with its copy. */
  look(ref: ClaimRef): Promise<ClaimState>;
  /** What stands there now, and how many bytes. `verifyAt`: when it is to be read back. */
  copied(
    ref: ClaimRef,
    done: {
      readonly at: Date;
      readonly stamp: string;
      readonly bytes: number;
      readonly lockedUntil: Date | null;
      readonly verifyAt: Date | null;
    },
  ): Promise<boolean>;
  /** `at`: null where it could not be read (a cold class), which says nothing against it. */
  verified(ref: ClaimRef, done: { readonly at: Date | null; readonly verifyAt: Date | null }): Promise<boolean>;
  /** Tried again at `nextAttemptAt`. `state`: what is known of it now. */
  failed(
    ref: ClaimRef,
    failure: {
      readonly error: AppError;
      readonly at: Date;
      readonly nextAttemptAt: Date;
      readonly state: 'failed' | 'missing' | 'copied';
      readonly thorough: boolean;
    },
  ): Promise<CopyRecord | null>;
  /** Gives a claim back as if it had not been taken; `notBefore`: when it is due again. */
  release(ref: ClaimRef, notBefore: Date | null): Promise<void>;
  /** It cannot be copied (again), for its backup is deleted, and no whole one is there: what is left of it there is `removing`. */
  lost(ref: ClaimRef): Promise<boolean>;
  /** It cannot be copied again either, and was found to stand there whole. */
  stands(
    ref: ClaimRef,
    found: { readonly at: Date; readonly verifyAt: Date | null; readonly attempt: number },
  ): Promise<boolean>;
  inProgress(): Promise<readonly LeaseView[]>;
  expire(id: string, seen: { readonly fence: number; readonly beat: number }): Promise<CopyRecord | null>;
  /** Whether a copy of it is being made or read. */
  uses(backupId: string): Promise<boolean>;

  /** Those that are to be removed and due. */
  removing(destination: string, now: Date): Promise<readonly CopyRecord[]>;
  /** `copied → removing`, by the destination's own retention. */
  beginRemove(copyId: string): Promise<boolean>;
  /** `removing → copied`: it is wanted after all. */
  keep(copyId: string): Promise<boolean>;
  removed(copyId: string, at: Date): Promise<boolean>;
  removeLater(copyId: string, error: AppError, nextAttemptAt: Date): Promise<void>;
  /** The destination holds it until then, which is no failure: it is removed afterwards, and looked at again at `nextAttemptAt`. */
  removeAfterLock(copyId: string, lockedUntil: Date, nextAttemptAt: Date): Promise<void>;

  /** A complete look at the destination did not find these: they are copied again. The number. */
  markMissing(destination: string, backupIds: readonly string[], at: Date): Promise<number>;
  /** Another, empty store has taken the destination's place: everything is copied again. The number. */
  startAnew(destination: string): Promise<number>;
  /** The record of a copy that stands there and had none: the catalogue that knew it was lost. False: there is one meanwhile. */
  adopt(destination: string, found: FoundCopy, at: Date): Promise<boolean>;
  /** Those that stand there, with their backups' records. */
  kept(destination: string): Promise<readonly KeptCopy[]>;
  of(backupIds: readonly string[]): Promise<readonly CopyRecord[]>;
  /** By destination and state; `oldest`: when the oldest of these backups was completed. */
  counts(): Promise<readonly CopyCount[]>;
  /** What the copies that are being made there will take more than they do now, but for that of one backup. */
  bytesUnderWay(destination: string, without: string): Promise<number>;
  /** What the copies there take, and took lately. */
  storageHistory(destination: string, now: Date): Promise<StorageHistory>;
  /** The newest failure there; null: none. */
  newestFailure(destination: string): Promise<CopyRecord | null>;
  purge(removedBefore: Date): Promise<number>;
}
