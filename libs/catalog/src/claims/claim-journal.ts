import type { BackupState } from '#contracts';
import type { BackupRepository } from '../contract/backups.js';
import type { HeldClaim } from './held-claim.js';
import { fenced } from './run-errors.js';

/** What the pipeline wants of a record while it makes its backup (its `CommitJournal`, in the same form). */
export interface ClaimJournal {
  raiseAbove(attempt: number): Promise<number>;
  record(attempt: number, bytes: Buffer): Promise<void>;
  look(): Promise<{
    readonly fence: number;
    readonly status: BackupState;
    readonly commit: { readonly attempt: number } | null;
  } | null>;
}

/** The record of a backup as its run sees it (spec/objects.md, "Commit"), under the fence of a claim. */
export function claimJournal(backups: BackupRepository, claim: HeldClaim): ClaimJournal {
  const { id } = claim.ref;
  return {
    async raiseAbove(attempt) {
      const raised = await claim.raise((ref) => backups.raiseFence(ref, attempt + 1));
      if (raised === null) throw fenced(id, 'its fence could not be raised');
      return raised.fence;
    },
    async record(attempt, bytes) {
      const recorded = await backups.recordCommit(claim.ref, { attempt, bytes: bytes.toString('utf8') });
      if (!recorded) throw fenced(id, 'its commit was refused');
    },
    async look() {
      const record = await backups.find(id);
      if (record === null) return null;
      const { status, commit } = record;
      return { fence: record.claim.fence, status, commit: commit === null ? null : { attempt: commit.attempt } };
    },
  };
}
