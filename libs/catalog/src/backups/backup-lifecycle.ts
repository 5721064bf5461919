import type { BackupRepository } from '../contract/backups.js';
import { move } from '../moves.js';
import type { Tasks } from '../tasks/task-record.js';
import { op, type Filter } from '../store/record-collection.js';
import { event, toBackupRecord, toRecordOrNull, type Backups } from './backup-record.js';
import { never } from '../schemas/backup.schema.js';
import { outcomeOf } from './verification-outcome.js';

type Lifecycle = Pick<
  BackupRepository,
  | 'beginDelete'
  | 'refuseDelete'
  | 'deferDelete'
  | 'deleted'
  | 'deleting'
  | 'markMissing'
  | 'cameHome'
  | 'noteLock'
  | 'rekeyed'
  | 'purge'
  | 'setMarks'
  | 'marksWritten'
  | 'marksBehind'
  | 'warned'
  | 'verified'
>;

/** On a record, its run's own included. */
const mostWarnings = 200;

/** What happens to a record after its run. */
export function lifecycle(backups: Backups, tasks: Tasks): Lifecycle {
  return {
    async beginDelete(backupId, by, at, { force = false, cause = by } = {}) {
      const text = force ? `Asked for by ${by}, even as the last good one` : `Asked for by ${by}`;
      for (const deletingFrom of ['completed', 'missing'] as const) {
        const { filter, set } = move([deletingFrom], 'deleting');
        const update = {
          $set: { ...set, deletingFrom, deletedBy: cause, deleteForced: force },
          $push: event(at, 'deleting', text),
        };
        const before = await backups.updateAndReturnOld({ backupId, ...filter }, update);
        if (before !== null) return toBackupRecord(before);
      }
      return null;
    },

    async refuseDelete(backupId, reason, at, isGone = false) {
      const refusal = { backupId, reason, at };
      if (isGone) return refuse(backups, refusal, 'missing', {});
      return (
        (await refuse(backups, refusal, 'missing', { deletingFrom: 'missing' })) ||
        refuse(backups, refusal, 'completed', { deletingFrom: op({ $ne: 'missing' }) })
      );
    },

    async deferDelete(backupId, reason, at) {
      return !(await refuse(backups, { backupId, reason, at }, 'missing', { deletingFrom: 'missing' }));
    },

    deleted(backupId, at) {
      const { filter, set } = move(['deleting', 'failed', 'cancelled'], 'deleted');
      return backups.change(
        // After a conflict of its commit a whole backup may stand in the store, which a deleted record would give to the sweeper.
        { backupId, ...filter, 'error.code': op({ $ne: 'commit/conflict' }) },
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

    async markMissing(backupId, missing, at, place = null) {
      if (missing) {
        const { filter, set } = move(['completed'], 'missing');
        const text = place === null ? 'Its objects are not in the store' : `Its objects are not in ${place}`;
        return backups.change({ backupId, ...filter, place }, { $set: set, $push: event(at, set.status, text) });
      }
      const { filter, set } = move(['missing'], 'completed');
      const $push = event(at, set.status, 'Its objects are in the store again');
      // Where it stood before says nothing of the store that it was found in.
      const moved = { $set: { ...set, place: null, storeId: null }, $push };
      return (
        (await backups.change({ backupId, ...filter, place: op({ $ne: null }) }, moved)) ||
        backups.change({ backupId, ...filter }, { $set: set, $push })
      );
    },

    async cameHome(backupId, { storeId, s3Key, at }) {
      const { filter, set } = move(['missing'], 'completed');
      // These bytes nobody has read yet, and what was found of those at the old place is nothing against them: a verification is due at once.
      const unread = { verifyFrom: never, verifyNotBefore: null, verificationFailed: false };
      const home = { place: null, storeId, s3Key, ...unread };
      const $push = event(at, set.status, 'It stands in the primary store, copied from a destination');
      // Marks may have been written to the old place after they were copied: they are written once more.
      const marksAgain = { $set: { ...home, marksBehind: true }, $inc: { 'marks.wanted': 1 }, $push };
      // A cleanup that found it meanwhile knows less of it.
      const away = { status: 'completed', $or: [{ place: op({ $ne: null }) }, { storeId: op({ $ne: storeId }) }] };
      return (
        (await backups.change({ backupId, ...filter }, { ...marksAgain, $set: { ...marksAgain.$set, ...set } })) ||
        (await backups.change({ backupId, ...away }, marksAgain))
      );
    },

    noteLock(backupId, lockedUntil, at) {
      return backups.change(
        { backupId, lockedUntil: op({ $ne: lockedUntil }) },
        {
          $set: { lockedUntil },
          $push: event(at, 'locked', `The store keeps it locked until ${lockedUntil.toISOString()}`),
        },
      );
    },

    rekeyed(backupId, keyIds, at) {
      const standing = op({ $in: ['completed', 'missing'] });
      return backups.change(
        { backupId, status: standing, keyIds: op({ $ne: [...keyIds] }) },
        {
          $set: { keyIds: [...keyIds] },
          $push: event(at, 'keys-rotated', `Its headers were rewrapped: it opens with ${keyIds.join(', ')}`),
        },
      );
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

    async warned(backupId, warnings) {
      if (warnings.length === 0) return;
      const found = await backups.findOne({ backupId }, { only: ['warnings'] });
      const before = (found as { readonly warnings?: readonly string[] } | null)?.warnings ?? [];
      const some = warnings.filter((warning) => !before.includes(warning));
      const fresh = some.slice(0, Math.max(0, mostWarnings - before.length));
      if (fresh.length > 0) await backups.change({ backupId }, { $addToSet: { warnings: { $each: fresh } } });
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

interface Refused {
  readonly backupId: string;
  readonly reason: string;
  readonly at: Date;
}

function refuse(
  backups: Backups,
  { backupId, reason, at }: Refused,
  to: 'completed' | 'missing',
  from: Filter,
): Promise<boolean> {
  const { filter, set } = move(['deleting'], to);
  // The next wish gets a job of its own.
  const update = { $set: { ...set, deletingFrom: null, deleteForced: false }, $inc: { jobNumber: 1 } };
  return backups.change({ backupId, ...filter, ...from }, { ...update, $push: event(at, 'delete-refused', reason) });
}
