import { isAllowedTaskMove, type TaskState } from '#contracts';
import { errorFields, failedFields } from '../backups/backup-record.js';
import { workerLost } from '../claims/run-errors.js';
import type { ClaimState } from '../contract/claims.js';
import type { DrillRepository } from '../contract/drills.js';
import type { DrillDocument } from '../schemas/drill.schema.js';
import { op, type Update } from '../store/record-collection.js';
import { heldBy, toDrillOrNull, type Drills } from './drill-record.js';

type Runs = Pick<
  DrillRepository,
  | 'claim'
  | 'beat'
  | 'look'
  | 'stage'
  | 'complete'
  | 'fail'
  | 'retryLater'
  | 'cancelled'
  | 'requestCancel'
  | 'expire'
  | 'inProgress'
  | 'nextJob'
>;

/** Claims that ended without a result, after which a drill is not tried again. */
const poisonous = 3;

/** How drills are claimed, and how they end. What an ended or lost one left on the scratch target is for its next run, or any worker, to drop. */
export function drillRuns(drills: Drills): Runs {
  return {
    async claim(drillId, owner, now) {
      return toDrillOrNull(
        await drills.update(
          { drillId, status: 'pending' },
          {
            $set: { ...move('pending', 'in_progress'), 'claim.owner': owner, startedAt: now, nextAttemptAt: null },
            $inc: { 'claim.fence': 1, 'claim.beat': 1, 'claim.lost': 1 },
          },
        ),
      );
    },
    async beat(ref) {
      return stateOf(await drills.update(heldBy(ref), { $inc: { 'claim.beat': 1 } }));
    },
    async look(ref) {
      return stateOf(await drills.findOne(heldBy(ref), { only: ['cancelRequestedAt'] }));
    },
    stage: (ref, stage) => drills.change(heldBy(ref), { $set: { stage } }),

    async complete(ref, { at, report }) {
      const isEqual = report.outcome === 'equal';
      const fields = { report, completedAt: at, error: null, errorMessage: null, alertDue: !isEqual };
      const to = isEqual ? 'completed' : 'completed_with_differences';
      return toDrillOrNull(await drills.update(heldBy(ref), ending(to, fields)));
    },
    async fail(ref, { error, at }) {
      return toDrillOrNull(await drills.update(heldBy(ref), ending('failed', failedFields(error, at))));
    },
    async retryLater(ref, { error }, nextAttemptAt) {
      const shutdown = error.code === 'worker-shutdown';
      return toDrillOrNull(
        await drills.update(heldBy(ref), {
          $set: { ...back(nextAttemptAt), ...errorFields(error), ...(shutdown ? {} : { 'claim.lost': 0 }) },
          $inc: { jobNumber: 1, failures: shutdown ? 0 : 1, ...(shutdown ? { 'claim.lost': -1 } : {}) },
        }),
      );
    },
    async cancelled(ref, at) {
      return toDrillOrNull(await drills.update(heldBy(ref), cancelledAt(at)));
    },

    async requestCancel(drillId, at) {
      // What no worker has begun is over at once.
      if ((await drills.update({ drillId, status: 'pending', 'claim.fence': 0 }, cancelledAt(at))) !== null)
        return 'cancelled';
      const open = { drillId, status: op({ $in: ['pending', 'in_progress'] }) };
      if (
        await drills.change(
          { ...open, cancelRequestedAt: null },
          { $set: { cancelRequestedAt: at, nextAttemptAt: null } },
        )
      )
        return 'requested';
      if (await drills.exists(open)) return 'requested';
      return (await drills.exists({ drillId })) ? 'too-late' : 'not-found';
    },

    async expire(id, { fence, beat }, at) {
      const stoodStill = { drillId: id, status: 'in_progress', 'claim.fence': fence, 'claim.beat': beat };
      const seen = await drills.findOne(stoodStill);
      // Fence and beat are those seen, so nothing of the claim has changed when the update fits.
      return seen === null ? null : toDrillOrNull(await drills.update(stoodStill, afterLoss(seen, at)));
    },

    async inProgress() {
      const found = await drills.find({ status: 'in_progress' }, { only: ['drillId', 'claim'] });
      return found.map(({ drillId, claim: { fence, beat } }) => ({ kind: 'drill', id: drillId, fence, beat }));
    },

    async nextJob(drillId, seenJobNumber) {
      const seen = { drillId, jobNumber: seenJobNumber };
      return (await drills.change(seen, { $set: { jobNumber: seenJobNumber + 1 } })) ? seenJobNumber + 1 : null;
    },
  };
}

/** The one place where drills change their state: a move that docs/DESIGN.md does not list is a mistake of the program and throws. */
function move(from: TaskState, to: TaskState): { readonly status: TaskState } {
  if (!isAllowedTaskMove(from, to)) throw new Error(`no drill goes from ${from} to ${to}`);
  return { status: to };
}

function stateOf(document: Pick<DrillDocument, 'cancelRequestedAt'> | null): ClaimState {
  if (document === null) return { state: 'lost' };
  return { state: 'held', cancelRequested: document.cancelRequestedAt !== null };
}

function ending(to: TaskState, fields: Readonly<Record<string, unknown>>): Update {
  return {
    $set: {
      ...move('in_progress', to),
      ...{ nextAttemptAt: null, cancelRequestedAt: null, stage: null, 'claim.lost': 0 },
      ...fields,
    },
    $unset: { open: 1 },
  };
}

function cancelledAt(at: Date): Update {
  move('pending', 'cancelled');
  return ending('cancelled', { completedAt: at, error: null, errorMessage: null });
}

function back(nextAttemptAt: Date): Readonly<Record<string, unknown>> {
  return { ...move('in_progress', 'pending'), nextAttemptAt, stage: null };
}

function afterLoss({ claim, cancelRequestedAt }: DrillDocument, at: Date): Update {
  if (cancelRequestedAt !== null) return cancelledAt(at);
  const error = workerLost(claim.owner, 'drill');
  if (claim.lost >= poisonous) return ending('failed', failedFields(error, at));
  return { $set: { ...back(at), ...errorFields(error) }, $inc: { jobNumber: 1 } };
}
