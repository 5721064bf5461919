import { AppError, type BackupJson } from '#contracts';
import { removeOrHide } from '#storage';
import type { BackupOutcome } from './backup-types.js';
import { committed } from './commit-attempt.js';
import type { CommitJournal, PipelineDeps } from './deps.js';
import { readBackupMetadata } from './objects/backup-metadata.js';
import { parseBackupJson } from './objects/backup-json-file.js';
import { fenced } from './objects/begin-attempt.js';
import { commit } from './objects/commit.js';
import { conflict, findLoss, stillStands } from './objects/confirm.js';
import { leaseKey } from './objects/keys.js';

export type FinishDeps = Pick<PipelineDeps, 'store' | 'ring' | 'observer'> & { readonly journal: CommitJournal };

/** The commit (1) that the record holds. */
export interface FinishRequest {
  readonly backupId: string;
  readonly attempt: number;
  readonly bytes: Buffer;
}

/**
 * Finishes what commit (1) promised: looks at both objects, puts `backup.json`, looks again (spec/objects.md). Any claim may repeat it; nothing is ever dumped.
 * Throws `commit/conflict` when an object is gone for good or other bytes stand in `backup.json`: nothing was removed. Every other error is worth a repetition.
 */
export async function finishCommit(
  deps: FinishDeps,
  request: FinishRequest,
  signal: AbortSignal,
): Promise<BackupOutcome> {
  deps.observer.stage('commit');
  try {
    return await finish(deps, request, signal);
  } catch (error) {
    throw committed(AppError.from(error, 'commit'));
  }
}

async function finish(deps: FinishDeps, request: FinishRequest, signal: AbortSignal): Promise<BackupOutcome> {
  const { backupId, attempt, bytes } = request;
  const { store, journal } = deps;
  const record = await journal.look();
  const open = record?.status === 'in_progress' || record?.status === 'pending';
  if (!open || record.commit?.attempt !== attempt) throw fenced(backupId);

  const backup = parseCommitted(bytes, backupId);
  const loss = await findLoss(store, backup, signal);
  if (loss !== null) throw conflict(backupId, loss);
  const { conditionalCreate } = await store.abilities(signal);
  await commit(store, backupId, bytes, conditionalCreate, signal);
  await removeOrHide(store, leaseKey(backupId, attempt), signal);
  await stillStands(deps, backup);
  return resumedOutcome(deps, backup, signal);
}

function parseCommitted(bytes: Buffer, backupId: string): BackupJson {
  try {
    return parseBackupJson(bytes, backupId);
  } catch (error) {
    throw conflict(backupId, AppError.from(error, 'commit'));
  }
}

/** The outcome of a backup that stands in the store: nothing was dumped for it now. */
export async function resumedOutcome(
  deps: Pick<PipelineDeps, 'store' | 'ring'>,
  backup: BackupJson,
  signal: AbortSignal,
): Promise<BackupOutcome> {
  return { backup, resumed: true, ...(await readBackupMetadata(deps, backup.backupId, signal)) };
}
