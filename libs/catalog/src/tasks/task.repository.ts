import type { TaskKind, TaskRecord, TaskState } from '#contracts';
import { errorFields, type Backups } from '../backups/backup-record.js';
import { workerLost } from '../claims/run-errors.js';
import type { ClaimRef } from '../contract/claims.js';
import type { TaskRepository } from '../contract/tasks.js';
import type { TaskDocument } from '../schemas/task.schema.js';
import { op, type Update } from '../store/record-collection.js';
import { taskInsertion } from './insert-task.js';
import { toTaskOrNull, toTaskRecord, type Tasks } from './task-record.js';

/** Claims that ended without a result, after which a task is not tried again. */
const poisonous = 3;
type EndState = 'completed' | 'completed_with_differences' | 'failed';
type Fields = Readonly<Record<string, unknown>>;
const finalStates: readonly TaskState[] = ['completed', 'completed_with_differences', 'failed', 'cancelled'];

export function taskRepository(tasks: Tasks, backups: Backups): TaskRepository {
  /** Whoever ends a verification leaves a note until its backup knows. */
  async function end(ref: ClaimRef, status: EndState, at: Date, fields: Fields): Promise<TaskRecord | null> {
    for (const kind of ['verify', 'cleanup', 'rotate', 'sync'] as const) {
      const ended = await tasks.update({ ...heldBy(ref), kind }, ending(kind, status, at, fields));
      if (ended !== null) return toTaskRecord(ended);
    }
    return null;
  }

  return {
    ...taskInsertion(tasks, backups),

    find: async (taskId) => toTaskOrNull(await tasks.findOne({ taskId })),

    async claim(taskId, owner, now) {
      return toTaskOrNull(
        await tasks.update(
          { taskId, status: 'pending' },
          {
            $set: { status: 'in_progress', 'claim.owner': owner, startedAt: now, nextAttemptAt: null },
            $inc: { 'claim.fence': 1, 'claim.beat': 1, 'claim.lost': 1 },
          },
        ),
      );
    },

    async beat(ref) {
      const held = await tasks.change(heldBy(ref), { $inc: { 'claim.beat': 1 } });
      return held ? { state: 'held', cancelRequested: false } : { state: 'lost' };
    },

    complete(ref, { at, result, rotated = null, synced = null }) {
      const state = rotated !== null && rotated.failed > 0 ? 'completed_with_differences' : 'completed';
      return end(ref, state, at, { result, rotated, synced, error: null, errorMessage: null });
    },

    fail(ref, { error, at }) {
      return end(ref, 'failed', at, errorFields(error));
    },

    async retryLater(ref, { error }, nextAttemptAt) {
      const shutdown = error.code === 'worker-shutdown';
      const fields = { ...back(nextAttemptAt), ...errorFields(error), ...(shutdown ? {} : { 'claim.lost': 0 }) };
      const $inc = { jobNumber: 1, failures: shutdown ? 0 : 1, ...(shutdown ? { 'claim.lost': -1 } : {}) };
      return toTaskOrNull(await tasks.update(heldBy(ref), { $set: fields, $inc }));
    },

    async expire(id, { fence, beat }, at) {
      const stoodStill = { taskId: id, status: 'in_progress', 'claim.fence': fence, 'claim.beat': beat };
      const task = await tasks.findOne(stoodStill);
      // Fence and beat are those seen, so nothing of the claim has changed when the update fits.
      return task === null ? null : toTaskOrNull(await tasks.update(stoodStill, afterLoss(task, at)));
    },

    async inProgress() {
      const found = await tasks.find({ status: 'in_progress' }, { only: ['taskId', 'kind', 'claim'] });
      return found.map(({ taskId, kind, claim: { fence, beat } }) => ({ kind, id: taskId, fence, beat }));
    },

    async pendingDue(now) {
      const due = [{ nextAttemptAt: null }, { nextAttemptAt: op({ $lte: now }) }];
      const found = await tasks.find({ status: 'pending', $or: due }, { sort: { createdAt: 1, taskId: 1 } });
      return found.map(toTaskRecord);
    },

    async nextJob(taskId, seenJobNumber) {
      const next = await tasks.change({ taskId, jobNumber: seenJobNumber }, { $set: { jobNumber: seenJobNumber + 1 } });
      return next ? seenJobNumber + 1 : null;
    },

    async lastCleanup() {
      const ran = { kind: 'cleanup', completedAt: op({ $gt: new Date(0) }), 'cleanup.dryRun': false };
      return toTaskOrNull(await tasks.findOne(ran, { sort: { completedAt: -1 } }));
    },

    async unrecorded() {
      return (await tasks.find({ outcomeDue: true }, { sort: { completedAt: 1 } })).map(toTaskRecord);
    },

    purge: (endedBefore) =>
      tasks.removeAll({ status: op({ $in: [...finalStates] }), completedAt: op({ $lt: endedBefore }) }),
  };
}

/** The filter of every write of a run: after another claim it fits nothing. */
function heldBy(ref: ClaimRef): { taskId: string; status: 'in_progress'; 'claim.fence': number } {
  return { taskId: ref.id, status: 'in_progress', 'claim.fence': ref.fence };
}

function ending(kind: TaskKind, status: EndState, at: Date, fields: Fields): Update {
  const outcomeDue = kind === 'verify';
  const $set = { ...fields, status, outcomeDue, completedAt: at, nextAttemptAt: null, 'claim.lost': 0 };
  return { $set, $unset: { open: 1 } };
}

function back(nextAttemptAt: Date): Readonly<Record<string, unknown>> {
  return { status: 'pending', nextAttemptAt };
}

function afterLoss({ kind, claim }: TaskDocument, at: Date): Update {
  const error = workerLost(claim.owner, 'task');
  if (claim.lost >= poisonous) return ending(kind, 'failed', at, errorFields(error));
  return { $set: { ...back(at), ...errorFields(error) }, $inc: { jobNumber: 1 } };
}
