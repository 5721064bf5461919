import type { TaskRecord } from '#contracts';
import type { BackupRepository } from '../contract/backups.js';
import { move } from '../moves.js';
import type { Tasks } from '../tasks/task-record.js';
import { op, type Update } from '../store/record-collection.js';
import { event, toRecordOrNull, type Backups } from './backup-record.js';

type Lifecycle = Pick<
  BackupRepository,
  | 'beginDelete'
  | 'refuseDelete'
  | 'deleted'
  | 'deleting'
  | 'markMissing'
  | 'purge'
  | 'setMarks'
  | 'marksWritten'
  | 'marksBehind'
  | 'verified'
>;

const keptVerifications = 20;

/** What happens to a record after its run. */
export function lifecycle(backups: Backups, tasks: Tasks): Lifecycle {
  return {
    async beginDelete(backupId, by, at, force = false) {
      const { filter, set } = move(['completed', 'missing'], 'deleting');
      const text = force ? `Asked for by ${by}, even as the last good one` : `Asked for by ${by}`;
      const update = { $set: { ...set, deleteForced: force }, $push: event(at, 'deleting', text) };
      return toRecordOrNull(await backups.updateAndReturnOld({ backupId, ...filter }, update));
    },

    refuseDelete(backupId, reason, at) {
      const { filter, set } = move(['deleting'], 'completed');
      return backups.change(
        { backupId, ...filter },
        // The next wish gets a job of its own.
        { $set: set, $inc: { jobNumber: 1 }, $push: event(at, 'delete-refused', reason) },
      );
    },

    deleted(backupId, at) {
      const { filter, set } = move(['deleting', 'failed', 'cancelled'], 'deleted');
      return backups.change(
        { backupId, ...filter },
        {
          $set: {
            ...set,
            deletedAt: at,
            listed: false,
            alertDue: false,
            marksBehind: false,
            verificationFailed: false,
          },
          $push: event(at, 'deleted', 'Deleted'),
        },
      );
    },

    async deleting() {
      const found = await backups.find({ status: 'deleting' }, { sort: { createdAt: 1 }, only: ['backupId'] });
      return found.map(({ backupId }) => backupId);
    },

    markMissing(backupId, missing, at) {
      const { filter, set } = missing ? move(['completed'], 'missing') : move(['missing'], 'completed');
      const text = missing ? 'Its objects are not in the store' : 'Its objects are in the store again';
      return backups.change({ backupId, ...filter }, { $set: set, $push: event(at, set.status, text) });
    },

    async purge(endedBefore) {
      const before = op({ $lt: endedBefore });
      const ended = await backups.removeAll({ status: op({ $in: ['failed', 'cancelled'] }), completedAt: before });
      return ended + (await backups.removeAll({ status: 'deleted', deletedAt: before }));
    },

    async setMarks(backupId, { pinned, label }) {
      const changeable = op({ $in: ['pending', 'in_progress', 'completed', 'missing'] });
      return toRecordOrNull(
        await backups.update(
          { backupId, status: changeable },
          {
            $set: {
              ...(pinned === undefined ? {} : { pinned }),
              ...(label === undefined ? {} : { label }),
              marksBehind: true,
            },
            $inc: { 'marks.wanted': 1 },
          },
        ),
      );
    },

    async marksWritten(backupId, version) {
      const last = { backupId, 'marks.wanted': version };
      if (await backups.change(last, { $max: { 'marks.written': version }, $set: { marksBehind: false } })) return true;
      // More was wanted meanwhile: this is written, and something is left to do.
      const more = { backupId, 'marks.wanted': op({ $gt: version }) };
      return backups.change(more, { $max: { 'marks.written': version } });
    },

    async marksBehind() {
      const found = await backups.find({ marksBehind: true, status: 'completed' }, { only: ['backupId'] });
      return found.map(({ backupId }) => backupId);
    },

    async verified(backupId, task, hash) {
      const { taskId } = task;
      const seen = { backupId, 'verifications.verificationId': taskId };
      const changed = await backups.change(
        { ...seen, 'verifications.verificationId': op({ $ne: taskId }) },
        outcomeOf(task, hash),
      );
      const noted = changed || (await backups.exists(seen));
      await tasks.change({ taskId }, { $set: { outcomeDue: false } });
      return noted;
    },
  };
}

function outcomeOf(task: TaskRecord, hash: string | null): Update {
  const { taskId, level, status, startedAt, completedAt, error, errorMessage } = task;
  const good = status === 'completed';
  const at = completedAt ?? startedAt ?? task.createdAt;
  const verification = {
    ...{ verificationId: taskId, level: level ?? 'readable', status, startedAt, completedAt },
    error: error === null ? null : { ...error, message: errorMessage ?? '' },
  };
  const message = `${taskId}, ${level ?? ''}${good ? '' : `: ${errorMessage ?? status}`}`;
  return {
    $set: { ...verdict(task, at, hash), ...(status === 'cancelled' ? {} : { verificationFailed: !good }) },
    $max: { verifyFrom: startedAt ?? at, ...(good ? { lastProvenAt: startedAt ?? at } : {}) },
    $push: {
      verifications: { $each: [verification], $slice: -keptVerifications },
      ...event(at, good ? 'verified' : 'verification-failed', message),
    },
  };
}

/** `verified` says that the newest verdict at `readable` or better was good. A verification that could not be made (a store that is away) is no verdict. */
function verdict(
  { status, level, error }: TaskRecord,
  at: Date,
  hash: string | null,
): Readonly<Record<string, unknown>> {
  if (status === 'completed')
    return level === 'stored' ? {} : { verificationStatus: { verified: true, verifiedAt: at, verificationHash: hash } };
  if (status === 'cancelled' || error?.retryable === true) return {};
  return { verificationStatus: { verified: false, verifiedAt: null, verificationHash: null } };
}
