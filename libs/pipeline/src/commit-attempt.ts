import { AppError, throwIfAborted, type BackupJson } from '#contracts';
import type { BackupDeps, BackupRequest } from './backup-types.js';
import { removeAttempt } from './objects/attempt.js';
import { encodeBackupJson } from './objects/backup-json-file.js';
import { commit } from './objects/commit.js';
import { stillStands } from './objects/confirm.js';
import { backupFolder } from './objects/keys.js';
import type { LeaseFile } from './objects/lease-file.js';
import { defaultPauseMs, isOutOfReach, recordCommit } from './objects/record-commit.js';

/** The commit of one attempt (spec/objects.md), and what becomes of the attempt when a step fails: that depends on how far the commit had come. */
export class CommitAttempt {
  /** `sent`: commit (1) may have been stored. `recorded`: it was. */
  #phase: 'before' | 'sent' | 'recorded' = 'before';

  constructor(
    private readonly deps: BackupDeps,
    private readonly request: BackupRequest,
    private readonly lease: LeaseFile,
  ) {}

  async run(backup: BackupJson, conditional: boolean, signal: AbortSignal): Promise<void> {
    const { deps, request } = this;
    const bytes = encodeBackupJson(backup);
    if (deps.journal !== undefined) {
      // A wish to cancel wins until here, and never afterwards.
      throwIfAborted(signal, 'commit');
      this.#phase = 'sent';
      const pauseMs = deps.commitPauseMs ?? defaultPauseMs;
      await recordCommit(deps.journal, { attempt: request.attempt, bytes }, { pauseMs, signal });
      this.#phase = 'recorded';
    }
    await commit(deps.store, request.backupId, bytes, conditional, signal);
    // From here on the backup stands: without catalogue too, nothing of it is removed but by step (3).
    this.#phase = 'recorded';
    await this.lease.end();
    await stillStands(deps, backup);
  }

  /** Removes what this attempt put, unless its commit may stand. Returns the error to throw: the cause, with what could not be removed. */
  async fail(error: unknown): Promise<AppError> {
    const cause = AppError.from(error, 'dump');
    if (await this.#mayRemove(cause)) return this.#remove(cause);
    await this.lease.rest();
    return this.deps.journal !== undefined && this.#phase === 'recorded' ? committed(cause) : cause;
  }

  async #mayRemove(cause: AppError): Promise<boolean> {
    if (this.#phase === 'recorded') return false;
    if (cause.code === 'commit/conflict' || cause.details['outcomeUnknown'] === true) return false;
    const { journal } = this.deps;
    if (this.#phase === 'before' || journal === undefined) return true;
    return isOutOfReach(journal, this.request.attempt);
  }

  async #remove(cause: AppError): Promise<AppError> {
    const { backupId, attempt } = this.request;
    try {
      await this.lease.end();
      await removeAttempt(this.deps.store, backupId, attempt);
      return cause;
    } catch (removal) {
      return new AppError({
        code: cause.code,
        stage: cause.stage,
        retry: cause.retry,
        message: `${cause.message}. What was written below ${backupFolder(backupId)} could not be removed: ${AppError.from(removal, 'delete').message}`,
        hint: `${cause.hint ?? ''} The unfinished folder is no backup and takes only room: the daily sweep removes it`.trim(),
        cause,
        details: cause.details,
      });
    }
  }
}

/** An error after commit (1): whoever claims the record next finishes the commit, and nothing is dumped again. A conflict is for people, a record that is gone for nobody. */
export function committed(cause: AppError): AppError {
  const final = cause.code === 'commit/conflict' || cause.code === 'run/fenced';
  return new AppError({
    code: cause.code,
    stage: cause.stage,
    retry: final ? cause.retry : 'retry',
    message: cause.message,
    hint: cause.hint ?? 'Nothing to do: whoever claims the backup next finishes its commit',
    cause,
    details: { ...cause.details, committed: true },
  });
}
