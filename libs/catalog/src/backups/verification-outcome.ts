import { saysDamaged } from '#contracts';
import type { EndedVerification } from '../contract/backups.js';
import { never } from '../schemas/backup.schema.js';
import type { Update } from '../store/record-collection.js';
import { event } from './backup-record.js';

export const keptVerifications = 20;
/** After a verification that could not be made (a store that is away) the next one waits so long. */
const notMadePauseMs = 2 * 3_600_000;
/** A worker that only writes will not read by then: the next one may be another's. */
const notReadPauseMs = 24 * 3_600_000;

/** What the end of a verification changes on its backup's record. */
export function outcomeOf(task: EndedVerification, hash: string | null): Update {
  const { taskId, level, status, startedAt, completedAt, error, errorMessage } = task;
  const good = status === 'completed';
  const at = completedAt ?? startedAt ?? task.createdAt;
  const isMade = wasMade(task);
  const verification = {
    ...{ verificationId: taskId, level: level ?? 'readable', status, startedAt, completedAt },
    error: error === null ? null : { ...error, message: errorMessage ?? '' },
  };
  const message = `${taskId}, ${level ?? ''}${good ? '' : `: ${errorMessage ?? status}`}`;
  const isVerdict = good || (error !== null && saysDamaged(error.code));
  const pauseMs = error?.code === 'keys/write-only' ? notReadPauseMs : notMadePauseMs;
  const again = { verifyFrom: never, verifyNotBefore: new Date(at.getTime() + pauseMs) };
  return {
    $set: {
      ...verdict(task, at, hash),
      ...(status === 'cancelled' || !isMade || isToldElsewhere(task) ? {} : { verificationFailed: !good }),
      ...(isMade ? { verifyNotBefore: null } : again),
      // The marks in the store tell of verdicts too.
      ...(isVerdict ? { marksBehind: true } : {}),
    },
    ...(isVerdict ? { $inc: { 'marks.wanted': 1 } } : {}),
    ...(isMade ? { $max: { verifyFrom: startedAt ?? at, ...(good ? { lastProvenAt: startedAt ?? at } : {}) } } : {}),
    $push: {
      verifications: { $each: [verification], $slice: -keptVerifications },
      ...event(at, good ? 'verified' : isMade ? 'verification-failed' : 'verification-not-made', message),
    },
  };
}

function isToldElsewhere({ isDrill, error }: EndedVerification): boolean {
  return isDrill === true && error?.code === 'restore/differences';
}

/** A verification that could not be made says nothing of the backup. One that took its workers down time and again is told of all the same. */
function wasMade({ status, error }: EndedVerification): boolean {
  if (status !== 'failed' || error === null) return true;
  return error.code !== 'keys/write-only' && (!error.retryable || error.code === 'worker-lost');
}

/** `verified` says that the newest verdict at `readable` or better was good. A verification that could not be made (a store that is away) is no verdict. */
function verdict(
  { status, level, error }: EndedVerification,
  at: Date,
  hash: string | null,
): Readonly<Record<string, unknown>> {
  if (status === 'completed')
    return level === 'stored'
      ? {}
      : { verificationStatus: { verified: true, level, verifiedAt: at, verificationHash: hash } };
  if (status === 'cancelled' || error === null || !saysDamaged(error.code)) return {};
  return { verificationStatus: { verified: false, level: null, verifiedAt: null, verificationHash: null } };
}
