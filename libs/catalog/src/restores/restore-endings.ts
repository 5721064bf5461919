import { AppError, type RestoreRecord, type TaskState } from '#contracts';
import { workerLost } from '../claims/run-errors.js';
import { errorFields, failedFields } from '../backups/backup-record.js';
import type { RestoreRepository } from '../contract/restores.js';
import type { RestoreDocument } from '../schemas/restore.schema.js';
import { op, type Filter, type Update } from '../store/record-collection.js';
import { moveRestore } from './restore-moves.js';
import { heldBy, toRestoreOrNull, type Restores } from './restore-record.js';

type Endings = Pick<
  RestoreRepository,
  'finished' | 'complete' | 'fail' | 'retryLater' | 'cancelled' | 'requestCancel' | 'expire'
>;

/** Claims that ended without a result, after which a restore is not tried again. */
const poisonous = 3;
/** Further ones, by which only its target is looked after (`isPoisonous`). */
const toCleanUp = 3;

/** Whether the workers of this claimed restore were lost so often that it must not load again: it is here only for what may lie in its target. */
export function isPoisonous({ claim }: Pick<RestoreRecord, 'claim'>): boolean {
  return claim.lost > poisonous;
}

const notRenaming = op({ $ne: 'renaming' });

/** How restores end, and how they go back to the queue. */
export function restoreEndings(restores: Restores): Endings {
  /** Reads, lets `choose` decide, and updates under the condition that what it decided by is still the same; else it looks again. */
  async function decide(filter: Filter, choose: (seen: RestoreDocument) => Update | null) {
    for (let look = 0; look < 10; look += 1) {
      const seen = await restores.findOne(filter);
      const update = seen === null ? null : choose(seen);
      if (seen === null || update === null) return null;
      const { status, phase, cancelRequestedAt, claim } = seen;
      const unchanged = { status, phase, cancelRequestedAt, 'claim.fence': claim.fence };
      const changed = await restores.update({ ...filter, ...unchanged }, update);
      if (changed !== null) return changed;
    }
    return null;
  }

  return {
    finished: (ref, report) => restores.change(heldBy(ref), { $set: { report } }),

    async complete(ref, { at, report }) {
      const to = report.outcome === 'restored-with-differences' ? 'completed_with_differences' : 'completed';
      return toRestoreOrNull(
        await restores.update(heldBy(ref), ending(to, { report, completedAt: at, error: null, errorMessage: null })),
      );
    },

    async fail(ref, { error, at }) {
      return toRestoreOrNull(await restores.update(heldBy(ref), ending('failed', failedFields(error, at))));
    },

    async retryLater(ref, { error, at }, nextAttemptAt) {
      return toRestoreOrNull(
        await decide(heldBy(ref), ({ cancelRequestedAt, phase, mayLeave }) => {
          if (cancelRequestedAt !== null && phase !== 'renaming' && mayLeave !== true) return cancelledAt(at, null);
          const shutdown = error.code === 'worker-shutdown';
          return {
            $set: {
              ...back(nextAttemptAt),
              ...errorFields(error),
              ...(shutdown ? {} : { 'claim.lost': 0 }),
              // The loader's own word: anything else means that it put the target back.
              ...(shutdown || error.code === 'restore/unfinished' ? {} : { phase: 'loading' }),
            },
            $inc: { jobNumber: 1, failures: shutdown ? 0 : 1, ...(shutdown ? { 'claim.lost': -1 } : {}) },
          };
        }),
      );
    },

    async cancelled(ref, at, note) {
      return toRestoreOrNull(await restores.update(heldBy(ref), cancelledAt(at, note)));
    },

    async requestCancel(restoreId, at) {
      const cancelable = { restoreId, status: op({ $in: ['pending', 'in_progress'] }), phase: notRenaming };
      const changed = await decide(cancelable, ({ status, cancelRequestedAt, claim }) =>
        status === 'pending' && claim.fence === 0
          ? cancelledAt(at, null)
          : // A worker has to look after what an earlier run left in the target: at once.
            { $set: { cancelRequestedAt: cancelRequestedAt ?? at, ...(status === 'pending' ? dueNow : {}) } },
      );
      if (changed !== null) return changed.status === 'cancelled' ? 'cancelled' : 'requested';
      return (await restores.exists({ restoreId })) ? 'too-late' : 'not-found';
    },

    async expire(id, { fence, beat }, at) {
      const stoodStill = { restoreId: id, status: 'in_progress', 'claim.fence': fence, 'claim.beat': beat };
      return toRestoreOrNull(await decide(stoodStill, (seen) => afterLoss(seen, at)));
    },
  };
}

const dueNow = { nextAttemptAt: null } as const;

function ending(to: TaskState, fields: Readonly<Record<string, unknown>>): Update {
  return {
    $set: {
      ...moveRestore(['in_progress'], to),
      ...{ nextAttemptAt: null, cancelRequestedAt: null, 'claim.lost': 0 },
      ...fields,
    },
    $unset: { open: 1, running: 1 },
  };
}

function cancelledAt(at: Date, note: string | null): Update {
  moveRestore(['pending'], 'cancelled');
  return ending('cancelled', { completedAt: at, error: null, errorMessage: note });
}

/** Back to the queue; the record keeps its target's place, its backup, its phase, and a wish to cancel. */
function back(nextAttemptAt: Date): Readonly<Record<string, unknown>> {
  return { ...moveRestore(['in_progress'], 'pending'), nextAttemptAt };
}

/** Also when its record says that it gives names: that was noted before the target's own plan turned, which alone knows whether it did. */
function afterLoss({ claim, phase, mayLeave }: RestoreDocument, at: Date): Update {
  const error = workerLost(claim.owner, 'restore');
  const most = mayLeave === true ? poisonous + toCleanUp : poisonous;
  if (claim.lost < most) return { $set: { ...back(at), ...errorFields(error) }, $inc: { jobNumber: 1 } };
  return ending('failed', failedFields(phase === 'renaming' ? unfinished(error) : error, at));
}

function unfinished(cause: AppError): AppError {
  return new AppError({
    code: 'restore/unfinished',
    stage: 'rename',
    message: `The restore stopped while it gave the loaded collections their names: ${cause.message}`,
    hint: 'Ask for the same restore again: it finishes the renames',
    cause,
  });
}
