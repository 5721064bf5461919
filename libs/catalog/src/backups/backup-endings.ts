import { AppError, type BackupState } from '#contracts';
import { workerLost } from '../claims/run-errors.js';
import type { BackupRepository } from '../contract/backups.js';
import { move } from '../moves.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { op, type Update } from '../store/record-collection.js';
import { heldBy } from './backup-claims.js';
import { recordedFacts } from './recorded-facts.js';
import { decide, errorFields, event, failedFields, toRecordOrNull, type Backups } from './backup-record.js';

type Endings = Pick<BackupRepository, 'complete' | 'retryLater' | 'fail' | 'cancelled' | 'requestCancel' | 'expire'>;

/** Claims that ended without a result, after which a record is not tried again. */
const poisonous = 3;

/** How runs end. After commit (1) a record only becomes `completed`, or `failed` with `commit/conflict`. */
export function endings(backups: Backups, now: () => Date): Endings {
  return {
    async complete(backupId, facts) {
      const { backup } = facts;
      const { filter, set } = move(['pending', 'in_progress'], 'completed');
      const committed = { backupId, 'commit.attempt': backup.attempt };
      const { hash, size, ...told } = recordedFacts(facts);
      const changed = await backups.change(
        { ...committed, ...filter },
        {
          $set: {
            ...set,
            ...told,
            ...{ hash, size },
            ...ended,
            error: null,
            errorMessage: null,
          },
          $unset: { running: 1, fleetPlace: 1 },
          $push: event(now(), 'completed', `${size} bytes`),
        },
      );
      return changed || backups.exists({ ...committed, status: 'completed', hash });
    },

    async retryLater(ref, { error, at }, nextAttemptAt) {
      return toRecordOrNull(
        await decide(backups, heldBy(ref), ({ commit, cancelRequestedAt }) => {
          if (commit === null && cancelRequestedAt !== null) return ending('cancelled', at, 'Cancelled', null);
          const shutdown = error.code === 'worker-shutdown';
          const counts = commit === null && !shutdown;
          return {
            $set: { ...back(nextAttemptAt), ...errorFields(error), ...(shutdown ? {} : { 'claim.lost': 0 }) },
            $unset: { fleetPlace: 1 },
            $inc: { jobNumber: 1, failures: counts ? 1 : 0, ...(shutdown ? { 'claim.lost': -1 } : {}) },
            $push: event(at, 'retry', error.message),
          };
        }),
      );
    },

    async fail(ref, { error, at }, resources) {
      const open = error.code === 'commit/conflict' ? {} : { 'commit.attempt': null };
      const update = ending('failed', at, error.message, error);
      return backups.change({ ...heldBy(ref), ...open }, { ...update, $set: { ...update.$set, resources } });
    },

    cancelled(ref, at) {
      return backups.change({ ...heldBy(ref), 'commit.attempt': null }, ending('cancelled', at, 'Cancelled', null));
    },

    async requestCancel(backupId, by, at) {
      const cancelable = { backupId, status: op({ $in: ['pending', 'in_progress'] }), 'commit.attempt': null };
      const wish = event(at, 'cancel-requested', `Cancelling was asked for by ${by}`);
      const changed = await decide(backups, cancelable, ({ status, cancelRequestedAt }) =>
        status === 'pending'
          ? ending('cancelled', at, `Cancelled by ${by}`, null)
          : {
              $set: { cancelRequestedAt: cancelRequestedAt ?? at },
              ...(cancelRequestedAt === null ? { $push: wish } : {}),
            },
      );
      if (changed !== null) return changed.status === 'cancelled' ? 'cancelled' : 'requested';
      return (await backups.exists({ backupId })) ? 'too-late' : 'not-found';
    },

    async expire(id, { fence, beat }, at) {
      const stoodStill = { backupId: id, 'claim.fence': fence, 'claim.beat': beat };
      return toRecordOrNull(await decide(backups, stoodStill, (document) => afterLoss(document, at)));
    },
  };
}

/** What becomes of a record whose owner shows no life any more; null: it has none that could be lost. */
function afterLoss(document: BackupDocument, at: Date): Update | null {
  const { status, trigger, commit, cancelRequestedAt, claim } = document;
  // Nobody but its maker runs a `cli` record, so a pending one is as lost as a running one when the maker is gone.
  if (status !== 'in_progress' && !(status === 'pending' && trigger === 'cli' && commit === null)) return null;
  if (commit === null && trigger === 'cli') {
    const error = new AppError({
      code: 'owner-gone',
      stage: 'claim',
      message: `The command that made this backup (${claim.owner ?? 'unknown'}) ended without a result`,
      hint: 'Run it again',
    });
    return ending('failed', at, error.message, error);
  }
  if (commit === null && cancelRequestedAt !== null)
    return ending('cancelled', at, 'Cancelled: its worker was lost', null);
  const error = workerLost(claim.owner, 'backup');
  if (commit === null && claim.lost >= poisonous)
    return ending('failed', at, `${error.message}, as ${claim.lost - 1} before it`, error);
  return {
    // After the commit neither attempts nor poison count.
    $set: { ...back(at), ...errorFields(error), ...(commit === null ? {} : { 'claim.lost': 0 }) },
    $unset: { fleetPlace: 1 },
    $inc: { jobNumber: 1 },
    $push: event(at, 'retry', error.message),
  };
}

/** Fields of every record that is over. */
const ended = { stage: null, nextAttemptAt: null, cancelRequestedAt: null, 'claim.lost': 0 } as const;

interface Ending extends Update {
  readonly $set: Readonly<Record<string, unknown>>;
}

function ending(to: 'failed' | 'cancelled', at: Date, message: string, error: AppError | null): Ending {
  const from: readonly BackupState[] = ['pending', 'in_progress'];
  const { set } = move(from, to);
  return {
    $set: {
      ...set,
      ...ended,
      ...(error === null
        ? { completedAt: at, error: null, errorMessage: null }
        : { ...failedFields(error, at), errorMessage: message }),
    },
    $unset: { running: 1, fleetPlace: 1 },
    $push: event(at, to, message),
  };
}

/** Back to the queue; the record keeps its target's place, and gives up that of the fleet. */
function back(nextAttemptAt: Date): Readonly<Record<string, unknown>> {
  return { ...move(['in_progress'], 'pending').set, nextAttemptAt, stage: null };
}
