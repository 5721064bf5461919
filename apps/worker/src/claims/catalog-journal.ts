import type { BackupRepository } from '#catalog';
import type { CommitJournal } from '#pipeline';
import type { HeldClaim } from './held-claim.js';
import { fenced } from './run-errors.js';

/** The record of a backup as its run sees it (spec/objects.md, "Commit"), under the fence of a claim. */
export function catalogJournal(backups: BackupRepository, claim: HeldClaim): CommitJournal {
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
