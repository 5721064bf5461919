import type { ClaimState } from '../contract/claims.js';
import type { RestoreRepository } from '../contract/restores.js';
import type { RestoreDocument } from '../schemas/restore.schema.js';
import { heldBy, toRestoreOrNull, type Restores } from './restore-record.js';
import { moveRestore } from './restore-moves.js';

type Claims = Pick<
  RestoreRepository,
  | 'claim'
  | 'beat'
  | 'look'
  | 'progress'
  | 'beginLoading'
  | 'planSafety'
  | 'ofSafety'
  | 'beginRenaming'
  | 'inProgress'
  | 'nextJob'
>;

/** What a run writes while it runs. */
export function restoreClaims(restores: Restores): Claims {
  return {
    async claim(restoreId, owner, now) {
      return toRestoreOrNull(
        await restores.update(
          { restoreId, status: 'pending' },
          {
            $set: {
              ...moveRestore(['pending'], 'in_progress'),
              ...{ 'claim.owner': owner, startedAt: now, nextAttemptAt: null },
            },
            $inc: { 'claim.fence': 1, 'claim.beat': 1, 'claim.lost': 1 },
          },
        ),
      );
    },

    async beat(ref) {
      return stateOf(await restores.update(heldBy(ref), { $inc: { 'claim.beat': 1 } }));
    },

    async look(ref) {
      return stateOf(await restores.findOne(heldBy(ref), { only: ['cancelRequestedAt', 'phase'] }));
    },

    progress: (ref, progress, phase) => restores.change(heldBy(ref), { $set: { progress, phase } }),

    beginLoading: (ref) => restores.change(heldBy(ref), { $set: { mayLeave: true } }),

    planSafety: (ref, safety) => restores.change(heldBy(ref), { $set: { safety } }),

    ofSafety: async (backupId) => toRestoreOrNull(await restores.findOne({ 'safety.backupId': backupId })),

    async beginRenaming(ref, resumed) {
      const open = resumed ? {} : { cancelRequestedAt: null };
      const $set = { phase: 'renaming', cancelRequestedAt: null };
      if (await restores.change({ ...heldBy(ref), ...open }, { $set })) return 'renaming';
      return (await restores.exists(heldBy(ref))) ? 'cancelled' : 'lost';
    },

    async inProgress() {
      const found = await restores.find({ status: 'in_progress' }, { only: ['restoreId', 'claim'] });
      return found.map(({ restoreId, claim: { fence, beat } }) => ({ kind: 'restore', id: restoreId, fence, beat }));
    },

    async nextJob(restoreId, seenJobNumber) {
      const seen = { restoreId, jobNumber: seenJobNumber };
      return (await restores.change(seen, { $set: { jobNumber: seenJobNumber + 1 } })) ? seenJobNumber + 1 : null;
    },
  };
}

function stateOf(document: Pick<RestoreDocument, 'cancelRequestedAt' | 'phase'> | null): ClaimState {
  if (document === null) return { state: 'lost' };
  return { state: 'held', cancelRequested: document.cancelRequestedAt !== null && document.phase !== 'renaming' };
}
