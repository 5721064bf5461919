import { AppError, type BackupJson } from '#contracts';
import type { ObjectStore } from '#storage';
import type { CommitJournal } from '../deps.js';
import { findAttempts, removeUnlessLocked } from './attempt.js';
import { readBackupJson } from './backup-json-file.js';

export type Beginning =
  /** Committed already: nothing is to be dumped. */
  | { readonly standing: BackupJson }
  /** The number of the attempt that begins. */
  | { readonly attempt: number };

/**
 * Step 0 of the commit (spec/objects.md): looks at what stands and what earlier attempts left, raises the fence above all of them, and clears them away when
 * the record has no commit (1): their own can no longer match. Throws `run/fenced` when the record is not this run's any more.
 */
export async function beginAttempt(
  store: ObjectStore,
  journal: CommitJournal,
  { backupId, attempt: claimed }: { readonly backupId: string; readonly attempt: number },
  signal: AbortSignal,
): Promise<Beginning> {
  const standing = await readBackupJson(store, backupId, signal);
  if (standing !== null) return { standing };

  const found = await findAttempts(store, backupId, signal);
  const highest = found.at(-1) ?? 0;
  const attempt = highest >= claimed ? await journal.raiseAbove(highest) : claimed;
  if (attempt <= highest) throw new Error(`the fence ${attempt} was not raised above ${highest}`);

  const record = await journal.look();
  if (record?.fence !== attempt || record.status !== 'in_progress') throw fenced(backupId);
  if (record.commit !== null) throw committedBefore(backupId, record.commit.attempt);
  for (const lower of found) await removeUnlessLocked(store, backupId, lower);
  return { attempt };
}

export function fenced(backupId: string): AppError {
  return new AppError({
    code: 'run/fenced',
    stage: 'claim',
    message: `Another process has taken over ${backupId}, or its record has ended meanwhile`,
    hint: 'This run writes nothing any more; the record tells what became of the backup',
  });
}

function committedBefore(backupId: string, attempt: number): AppError {
  return new AppError({
    code: 'run/fenced',
    stage: 'claim',
    retry: 'retry',
    message: `Attempt ${attempt} of ${backupId} is recorded as committed: its commit is to be finished, not its dump repeated`,
    hint: 'The next claim finishes the commit',
    details: { committed: true },
  });
}
