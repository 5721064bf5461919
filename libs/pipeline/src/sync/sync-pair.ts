import { AppError, type BackupJson } from '#contracts';
import { lossIn } from '../cleanup/inventory.js';
import { parseBackupJson } from '../objects/backup-json-file.js';
import { isGone } from '../objects/is-gone.js';
import { backupJsonKey } from '../objects/keys.js';
import { proveBackup } from '../objects/prove-backup.js';
import { requireStore } from '../objects/store-identity.js';
import { foundBackup, foundMarks } from './found-backup.js';
import type { SyncRecord, SyncRun } from './sync-types.js';
import type { Folder } from './walk-folders.js';

const mostBytes = 16 * 1024 * 1024;

/** What a look at one backup came to. `lost`: its record says that it stands, and the listing does not show it: to be confirmed when the listing is complete. */
export type PairOutcome = 'unchanged' | 'left-alone' | 'changed' | 'told' | 'none' | { readonly lost: string };

/** `backup.json` in the store: its text and what it says; null: it is gone since it was listed. */
interface Commit {
  readonly text: string;
  readonly backup: BackupJson;
}

/** Brings the record of one committed backup in line with the store. */
export async function syncCommitted(run: SyncRun, folder: Folder, record: SyncRecord | null): Promise<PairOutcome> {
  const { backupId } = folder;
  const status = record?.status ?? null;
  if (status === 'pending' || status === 'in_progress' || status === 'deleting') return 'left-alone';
  // Not home yet: what is here of it is being brought.
  if (status === 'completed' && record?.place !== null) return 'left-alone';
  const commit = await readCommit(run, backupId);
  if (commit === null) return status === 'completed' ? { lost: 'backup.json is not there' } : 'none';
  if (commit instanceof AppError) return tell(run, `${backupId} is damaged: ${commit.message}`);
  if (status === 'deleted')
    return tell(
      run,
      `${backupId} was deleted, and stands in the store again: its record is not revived, and the next cleanup removes it`,
    );
  const loss = lossIn(commit.backup, (attempt, name) => folder.attempts.get(attempt)?.get(name));
  if (record === null)
    return loss === null ? rebuild(run, commit, null) : tell(run, `${backupId} gets no record: ${loss}`);
  if (status === 'failed' || status === 'cancelled') return endedRun(run, commit, record, loss);
  return syncKept(run, folder, { commit, record, loss });
}

/** A record without `backup.json` in the listing. */
export function withoutCommit(record: SyncRecord | null): PairOutcome {
  if (record?.status === 'completed')
    return record.place === null ? { lost: 'backup.json is not there' } : 'left-alone';
  return record?.status === 'pending' || record?.status === 'in_progress' || record?.status === 'deleting'
    ? 'left-alone'
    : 'none';
}

/** After the complete listing: what a definite answer on its keys confirms becomes `missing`. */
export async function confirmLoss(run: SyncRun, backupId: string, loss: string): Promise<void> {
  const { store, catalog } = run.deps;
  const commit = await readCommit(run, backupId);
  const standing = commit === null || commit instanceof AppError ? commit : commit.backup;
  if (!(await isGone(store, backupId, standing, run.signal))) return;
  // After the look: a volume that was unmounted just before it has none of its objects, and that is no loss of a backup.
  await requireStore(store, run.expectedStoreId, run.signal);
  if (run.request.dryRun || (await catalog.markMissing(backupId, true))) run.changed(backupId, 'missing', loss);
}

/** Makes the record of a backup that our keys prove. */
async function rebuild(run: SyncRun, { backup, text }: Commit, over: SyncRecord | null): Promise<PairOutcome> {
  const { backupId } = backup;
  const { store, ring, catalog } = run.deps;
  try {
    const proven = await proveBackup({ store, ring }, backupId, run.signal);
    const found = await foundBackup(run, proven, text, false);
    if (!run.request.dryRun && !(await catalog.rebuild(found, over))) return 'left-alone';
  } catch (error) {
    if (!isDoubt(error)) throw error;
    return tell(run, `${backupId} gets no record, for nothing proves what it says: ${error.message}`);
  }
  run.changed(
    backupId,
    'rebuilt',
    over === null ? 'it stands in the store and had no record' : `its record was ${over.status}`,
  );
  // Removed meanwhile by somebody who knew no record of it.
  if (!run.request.dryRun && (await store.head(backupJsonKey(backupId), run.signal)) === null)
    await catalog.markMissing(backupId, true);
  return 'changed';
}

/** What says that a backup is not what it seems, or cannot be opened; anything else is an error of the sync. */
export function isDoubt(error: unknown): error is AppError {
  return error instanceof AppError && /^(backup|container|compression|archive|keys)\//.test(error.code);
}

/** A whole backup whose record says that its run failed: only on request does it come back. */
async function endedRun(run: SyncRun, commit: Commit, record: SyncRecord, loss: string | null): Promise<PairOutcome> {
  const { backupId, status } = record;
  if (record.commitConflict)
    return tell(run, `${backupId} is left alone: its commit met something else in the store (commit/conflict)`);
  if (loss !== null || !run.request.adopt)
    return tell(
      run,
      `${backupId} stands in the store, but its record is ${status}: ${loss ?? 'catalog sync --adopt takes it in'}`,
    );
  return rebuild(run, commit, record);
}

/** A record that is `completed` or `missing`, beside a `backup.json`. */
async function syncKept(
  run: SyncRun,
  folder: Folder,
  { commit, record, loss }: { readonly commit: Commit; readonly record: SyncRecord; readonly loss: string | null },
): Promise<PairOutcome> {
  const { backupId, status } = record;
  const { backup } = commit;
  if (loss !== null) {
    if (status === 'missing') return 'unchanged';
    if (await isGone(run.deps.store, backupId, backup, run.signal)) return { lost: loss };
    return tell(run, `${backupId} is damaged: ${loss}`);
  }
  // Under way, or to be finished by the reconciler: both are good.
  if (record.commitDue) return 'left-alone';
  if (backup.attempt > (record.committed ?? Infinity)) return followRewrite(run, commit, record);
  if (record.hash !== backup.objects.data.sha256 || (record.committed ?? backup.attempt) !== backup.attempt)
    return tell(
      run,
      `${backupId}: record and backup.json name different objects; both are left alone (hazina verify ${backupId} tells whether the store's is good)`,
    );
  if (status === 'missing') {
    if (!run.request.dryRun && !(await run.deps.catalog.markMissing(backupId, false))) return 'left-alone';
    run.changed(backupId, 'returned', 'its objects are in the store again');
    return 'changed';
  }
  return folder.hasMarks ? syncMarks(run, backup, record) : 'unchanged';
}

/** A record of a lower attempt: the backup was sealed anew by somebody who knew no records. Followed when our keys prove it. */
async function followRewrite(run: SyncRun, { backup, text }: Commit, record: SyncRecord): Promise<PairOutcome> {
  const { backupId } = backup;
  const { store, ring, catalog } = run.deps;
  try {
    const found = await foundBackup(run, await proveBackup({ store, ring }, backupId, run.signal), text, false);
    if (!run.request.dryRun && !(await catalog.takeRewrite(record, found))) return 'left-alone';
  } catch (error) {
    if (!isDoubt(error)) throw error;
    return tell(run, `${backupId} was sealed anew, and nothing proves what it says: ${error.message}`);
  }
  run.changed(
    backupId,
    'rewritten',
    `it was sealed anew: attempt ${backup.attempt} instead of ${record.committed ?? 0}`,
  );
  return 'changed';
}

/** Marks that somebody set without the catalogue are newer than the record's. What the record wants and has not written yet is newer than both. */
async function syncMarks(run: SyncRun, backup: BackupJson, record: SyncRecord): Promise<PairOutcome> {
  const { backupId, marks: known } = record;
  if (known.wanted > known.written) return 'left-alone';
  const marks = await foundMarks(run, backup);
  if (marks.version <= known.written) return 'unchanged';
  if (marks.pinned !== record.pinned || marks.label !== record.label) {
    if (!run.request.dryRun && !(await run.deps.catalog.takeMarks(record, marks))) return 'left-alone';
    run.changed(backupId, 'marked', `pinned: ${marks.pinned ? 'yes' : 'no'}, label: ${JSON.stringify(marks.label)}`);
    return 'changed';
  }
  if (!run.request.dryRun) await run.deps.catalog.takeMarks(record, marks);
  return 'unchanged';
}

async function readCommit({ deps, signal }: SyncRun, backupId: string): Promise<Commit | AppError | null> {
  try {
    const { bytes } = await deps.store.getBytes(backupJsonKey(backupId), mostBytes, signal);
    return { text: bytes.toString('utf8'), backup: parseBackupJson(bytes, backupId) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'store/no-object') return null;
    // Too large to be one of ours is as unreadable as one that is no JSON.
    if (error.code === 'store/unsupported' || error.code.startsWith('backup/')) return error;
    throw error;
  }
}

function tell(run: SyncRun, text: string): PairOutcome {
  run.problem(text);
  return 'told';
}
