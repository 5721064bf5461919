import { AppError, type BackupJson } from '#contracts';
import { removeOrHide } from '#storage';
import { encodeBackupJson, parseBackupJson } from '../objects/backup-json-file.js';
import { commit } from '../objects/commit.js';
import { isLetGo } from '../objects/confirm.js';
import { attemptFolder, backupJsonKey, leaseKey } from '../objects/keys.js';
import { readSealedManifest } from '../objects/manifest-file.js';
import { provePapers, type ProvenBackup } from '../objects/prove-backup.js';
import { verifyProven } from '../run-verify.js';
import { foundBackup } from './found-backup.js';
import type { LeaseWatch } from './lease-watch.js';
import { isDoubt, type PairOutcome } from './sync-pair.js';
import type { SyncRecord, SyncRun } from './sync-types.js';
import type { Folder } from './walk-folders.js';

/** The attempts that left both objects behind, newest first. */
export function wholeAttempts({ attempts }: Folder): number[] {
  const whole = [...attempts].filter(([, objects]) => objects.has('data.hzn') && objects.has('manifest.hzn'));
  return whole.map(([attempt]) => attempt).sort((a, b) => b - a);
}

/**
 * Takes in a whole folder that was never committed, or lost its `backup.json` (spec/objects.md, "Orphans"): first the archive is read to its end, with our
 * key, as a verification does; then `backup.json` is put, as a commit does. Left alone: one whose run may still be alive.
 */
export async function adoptFolder(
  run: SyncRun,
  folder: Folder,
  record: SyncRecord | null,
  leases: LeaseWatch,
): Promise<PairOutcome> {
  const { backupId } = folder;
  const refuse = (why: string): PairOutcome => {
    run.problem(`${backupId} was not adopted: ${why}`);
    return 'told';
  };
  if (record?.commitConflict === true) return refuse('its commit met something else in the store (commit/conflict)');
  const committed = await run.deps.catalog.commitOf(backupId);
  let why = 'it has no whole attempt';
  for (const attempt of wholeAttempts(folder)) {
    if (committed !== null && committed.attempt !== attempt) continue;
    // A record that is over lets no attempt of its own commit any more; without one only a lease tells of a run.
    const alive = record === null ? await leases.mayLive(backupId, attempt) : null;
    if (alive !== null) return refuse(alive);
    try {
      const backup = committed === null ? await fromManifest(run, backupId, attempt) : parse(committed.bytes, backupId);
      const proven = await provePapers(run.deps, backup, run.signal);
      await verifyProven({ ...run.deps, observer: { progress: () => undefined } }, proven, run.signal);
      return await takeIn(run, proven, committed?.bytes ?? encodeBackupJson(backup).toString('utf8'), record);
    } catch (error) {
      if (!isDoubt(error)) throw error;
      why = `attempt ${attempt} is not good: ${error.message}`;
    }
  }
  return refuse(why);
}

async function takeIn(
  run: SyncRun,
  proven: ProvenBackup,
  text: string,
  record: SyncRecord | null,
): Promise<PairOutcome> {
  const { store, catalog } = run.deps;
  const { backupId, attempt } = proven.backup;
  const done = (): PairOutcome => {
    run.changed(backupId, 'adopted', `attempt ${attempt} was read to its end, and is good`);
    return 'changed';
  };
  if (run.request.dryRun) return done();
  // Reading took its time: what became of the record meanwhile goes before.
  const now = await catalog.find(backupId);
  if (now?.status !== record?.status || now?.fence !== record?.fence) return 'left-alone';
  const { conditionalCreate } = await store.abilities(run.signal);
  if (!conditionalCreate && (await store.head(backupJsonKey(backupId), run.signal)) !== null) return 'left-alone';
  try {
    await commit(store, backupId, Buffer.from(text), conditionalCreate, run.signal);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'commit/conflict') throw error;
    // Somebody else was faster, a run or another sync: this folder's business, and no other's.
    run.problem(`${backupId} was not adopted: ${error.message}`);
    return 'told';
  }
  const after = await catalog.find(backupId);
  if (after?.status === 'deleting' || after?.status === 'deleted') {
    // Step (3) of the commit.
    if (await isLetGo(store, after.status, () => proven.backup, run.signal))
      await removeOrHide(store, backupJsonKey(backupId), run.signal);
    return 'left-alone';
  }
  await removeOrHide(store, leaseKey(backupId, attempt), run.signal);
  // Only now: the commit has a lock of its own.
  await recordOf(run, await foundBackup(run, proven, text, true), record);
  return done();
}

async function recordOf(
  { deps: { catalog } }: SyncRun,
  found: Awaited<ReturnType<typeof foundBackup>>,
  record: SyncRecord | null,
): Promise<void> {
  if (record?.status === 'missing') await catalog.markMissing(record.backupId, false);
  else if (record?.status !== 'completed') await catalog.rebuild(found, record);
}

/** `backup.json` again, out of the sealed manifest, which has every field of it but its own object. */
async function fromManifest({ deps, signal }: SyncRun, backupId: string, attempt: number): Promise<BackupJson> {
  const { manifest, object } = await readSealedManifest(deps, backupId, attempt, signal);
  const { namespaces, warnings, frames, blocks, objects, ...facts } = manifest;
  const backup = { ...facts, schema: 'hazina-backup/1', objects: { data: objects.data, manifest: object } } as const;
  if (backup.attempt === attempt) return parse(encodeBackupJson(backup).toString('utf8'), backupId);
  throw new AppError({
    code: 'backup/mismatch',
    stage: 'open',
    message: `the manifest in ${attemptFolder(backupId, attempt)} belongs to attempt ${manifest.attempt}`,
    hint: 'Somebody copied files between folders: bring each to the folder of its own attempt and run hazina catalog sync --adopt again',
  });
}

function parse(text: string, backupId: string): BackupJson {
  return parseBackupJson(Buffer.from(text), backupId);
}
