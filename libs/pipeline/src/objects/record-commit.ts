import { setTimeout as delay } from 'node:timers/promises';
import { AppError, type BackupState } from '#contracts';
import type { CommitJournal } from '../deps.js';

const tries = 5;
export const defaultPauseMs = 1000;

/**
 * Commit (1) of spec/objects.md. Returns when the record names this attempt, whatever the replies said. Throws `run/fenced` when it was refused and does not,
 * and `commitUnknown` in the details when nobody can tell.
 */
export async function recordCommit(
  journal: CommitJournal,
  { attempt, bytes }: { readonly attempt: number; readonly bytes: Buffer },
  { pauseMs, signal }: { readonly pauseMs: number; readonly signal: AbortSignal },
): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      await journal.record(attempt, bytes);
      return;
    } catch (thrown) {
      const error = AppError.from(thrown, 'commit');
      // An earlier try whose reply was lost may have been stored, and the fence raised since: only the record tells.
      if (await isRecorded(journal, attempt)) return;
      if (error.code === 'run/fenced') throw error;
      if (error.retry !== 'retry' || tried === tries || signal.aborted) throw unknown(error);
      await delay(pauseMs * 2 ** (tried - 1), undefined, { signal }).catch(() => undefined);
    }
  }
}

/**
 * Whether an attempt whose commit (1) was sent may be removed: only when the record was read, shows no commit that names it, and can take none any more, because
 * its fence is higher or it has left `in_progress` (a run that was lost may wait, and be ended, without a new claim). What cannot be read is not known: the
 * sweeper decides.
 */
export async function isOutOfReach(journal: CommitJournal, attempt: number): Promise<boolean> {
  try {
    const record = await journal.look();
    if (record === null || record.commit?.attempt === attempt) return false;
    return record.fence > attempt || hasLeft(record.status);
  } catch {
    return false;
  }
}

/** Commit (1) asks for `in_progress` under its fence: these states have no way to it, or none but a claim, which raises the fence. */
function hasLeft(status: BackupState): boolean {
  return status === 'pending' || status === 'cancelled' || status === 'failed' || status === 'deleted';
}

async function isRecorded(journal: CommitJournal, attempt: number): Promise<boolean> {
  try {
    return (await journal.look())?.commit?.attempt === attempt;
  } catch {
    return false;
  }
}

function unknown(cause: AppError): AppError {
  return new AppError({
    code: cause.code,
    stage: 'commit',
    retry: 'retry',
    message: `Nobody can tell whether the commit was recorded: ${cause.message}`,
    hint: 'Nothing was removed: the next claim of the record finishes the commit or begins anew',
    cause,
    details: { ...cause.details, commitUnknown: true },
  });
}
