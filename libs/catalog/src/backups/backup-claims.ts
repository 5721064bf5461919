import type { BackupRepository } from '../contract/backups.js';
import type { ClaimRef, ClaimState } from '../contract/claims.js';
import { move } from '../moves.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { op, type Filter, type Update } from '../store/record-collection.js';
import { event, toRecordOrNull, type Backups } from './backup-record.js';

type Claims = Pick<
  BackupRepository,
  | 'claim'
  | 'postpone'
  | 'raiseFence'
  | 'beat'
  | 'look'
  | 'progress'
  | 'started'
  | 'writeTo'
  | 'recordCommit'
  | 'inProgress'
  | 'nextJob'
>;

/** What a run writes while it runs. */
export function claims(backups: Backups, now: () => Date): Claims {
  async function raiseFence(ref: ClaimRef, to: number): Promise<ClaimRef | null> {
    if (to <= ref.fence) return (await backups.exists(heldBy(ref))) ? ref : null;
    const raised = await backups.change(heldBy(ref), { $set: { 'claim.fence': to } });
    return raised ? { id: ref.id, fence: to } : null;
  }

  return {
    raiseFence,

    async claim(backupId, owner, at, raiseTo) {
      const claimed = await backups.update(claimable(backupId), claimOf(owner, at));
      if (claimed === null || raiseTo === undefined || claimed.claim.fence >= raiseTo) return toRecordOrNull(claimed);
      const raised = await raiseFence({ id: backupId, fence: claimed.claim.fence }, raiseTo);
      return raised === null ? null : toRecordOrNull(await backups.findOne(heldBy(raised)));
    },

    postpone: (backupId, until, reason) =>
      backups.change(claimable(backupId), { $set: { nextAttemptAt: until }, $push: event(now(), 'postponed', reason) }),

    async beat(ref) {
      return stateOf(await backups.update(heldBy(ref), { $inc: { 'claim.beat': 1 } }));
    },

    async look(ref) {
      return stateOf(await backups.findOne(heldBy(ref), { only: ['cancelRequestedAt', 'commit'] }));
    },

    async progress(ref, progress) {
      const { stage } = progress;
      const $set = { stage, progress };
      if (await backups.change({ ...heldBy(ref), stage }, { $set })) return true;
      const $push = event(progress.updatedAt, 'stage', stage);
      return backups.change({ ...heldBy(ref), stage: op({ $ne: stage }) }, { $set, $push });
    },

    started(ref, { database, engine }) {
      return backups.change(heldBy(ref), { $set: { database, engine } });
    },

    writeTo: (ref, place) =>
      backups.change({ ...heldBy(ref), 'commit.attempt': null }, { $set: { place, storeId: null } }),

    async recordCommit(ref, commit) {
      const { attempt, bytes } = commit;
      const committed = await backups.change(
        { ...heldBy(ref), 'commit.attempt': null },
        // From here a wish to cancel comes too late.
        { $set: { commit, cancelRequestedAt: null }, $push: event(now(), 'committed', `Attempt ${attempt}`) },
      );
      // The same once more, because the reply to the first was lost, is no other commit.
      return committed || backups.exists({ ...heldBy(ref), 'commit.attempt': attempt, 'commit.bytes': bytes });
    },

    async inProgress() {
      const found = await backups.find({ status: 'in_progress' }, { only: ['backupId', 'claim'] });
      return found.map(({ backupId, claim: { fence, beat } }) => ({ kind: 'backup', id: backupId, fence, beat }));
    },

    async nextJob(backupId, seenJobNumber) {
      const next = await backups.change(
        { backupId, jobNumber: seenJobNumber },
        { $set: { jobNumber: seenJobNumber + 1 } },
      );
      return next ? seenJobNumber + 1 : null;
    },
  };
}

/** The filter of a claim: pending, and with its target's place. */
export function claimable(backupId: string): Filter {
  return { backupId, ...move(['pending'], 'in_progress').filter, running: op({ $type: 'string' }) };
}

export function claimOf(owner: string, at: Date): Update & { readonly $set: Update } {
  const { set } = move(['pending'], 'in_progress');
  return {
    $set: { ...set, 'claim.owner': owner, startedAt: at, nextAttemptAt: null, progress: null },
    $inc: { 'claim.fence': 1, 'claim.beat': 1, 'claim.lost': 1 },
    $push: event(at, 'claimed', `Claimed by ${owner}`),
  };
}

/** The filter of every write of a run: after another claim it fits nothing. */
export function heldBy(ref: ClaimRef): { backupId: string; status: 'in_progress'; 'claim.fence': number } {
  return { backupId: ref.id, status: 'in_progress', 'claim.fence': ref.fence };
}

function stateOf(document: Pick<BackupDocument, 'cancelRequestedAt' | 'commit'> | null): ClaimState {
  if (document === null) return { state: 'lost' };
  return { state: 'held', cancelRequested: document.cancelRequestedAt !== null && document.commit === null };
}
