import { AppError, isFinal, type BackupState } from '#contracts';
import { isLocked, type OpenUpload } from '#storage';
import type { DeletionView, Sighting } from '../deps.js';
import { findLoss } from '../objects/confirm.js';
import { inRemovalOrder } from '../objects/key-pattern.js';
import { attemptFolder, backupFolder, backupJsonKey, leaseKey, marksKey } from '../objects/keys.js';
import { readLease } from '../objects/lease-file.js';
import { readBackupJson } from '../objects/backup-json-file.js';
import type { CleanupRun } from './cleanup-types.js';
import type { FolderInventory, Inventory } from './inventory.js';
import { sightingOf, stoodFor } from './sighting.js';
import { sweepProbes } from './sweep-probes.js';

/** A folder that no backup names, as the listing shows it. */
interface Candidate {
  readonly backupId: string;
  /** Null: marks and open uploads beside the attempts. */
  readonly attempt: number | null;
  readonly folder: string;
  readonly keys: readonly string[];
  readonly uploads: readonly OpenUpload[];
  /** Data and manifest are both there, and no `backup.json`: somebody may want to adopt it. */
  readonly whole: boolean;
  /** Data and manifest are both there, of an attempt that another one replaced. */
  readonly earlier: boolean;
  /** A `backup.json` stands; this folder is not the one that it names. */
  readonly committed: boolean;
  readonly bytes: number;
}

/**
 * The orphans of spec/objects.md: folders and open uploads of our pattern that no backup names, whose record (if any) is final, and whose lease has stood still
 * since this sweeper saw them first, long enough ago; and what checks of the store left. Returns how many were removed, and their bytes.
 */
export async function sweepOrphans(
  run: CleanupRun,
  inventory: Inventory,
): Promise<{ removed: number; freedBytes: number }> {
  const known = new Map((await run.catalog.readSightings()).map((sighting) => [sighting.folder, sighting]));
  const scope = run.request.target === null ? '' : `${run.request.target}/`;
  const sightings = [...known.values()].filter(({ folder }) => !folder.startsWith(scope));
  let removed = 0;
  let freedBytes = 0;
  for (const candidate of [...inventory.folders.values()].flatMap(candidatesOf)) {
    const record = await run.catalog.view(candidate.backupId);
    const state = record?.status ?? null;
    if (record?.commitConflict === true) {
      run.report(`${candidate.folder} is left alone: the commit of its backup met something else there`);
      continue;
    }
    if (state !== null && !isFinal(state)) continue;
    if (isCommitted(record, candidate)) continue;
    if (!candidate.committed && (state === 'completed' || state === 'missing')) {
      run.report(`${candidate.folder} is what is left of ${candidate.backupId}, whose backup.json is gone: kept`);
      continue;
    }
    if (candidate.whole && state !== 'deleted') {
      run.report(
        `${candidate.folder} holds data and manifest but no commit: kept, for it may be a whole backup (${run.adoptedBy}); remove the folder by hand if nobody needs it`,
      );
      // Whoever adopts it must know whether its lease stands still.
      sightings.push(await look(run, candidate, known.get(candidate.folder)));
      continue;
    }
    if (candidate.earlier && (await isReplacementLost(run, candidate, record))) {
      run.report(`${candidate.folder} is an earlier attempt of ${candidate.backupId}, which is lost or damaged: kept`);
      continue;
    }
    const sighting = await look(run, candidate, known.get(candidate.folder));
    const due = await isDue(run, candidate, sighting);
    if (due && run.request.dryRun) run.report(`${candidate.folder} is an orphan and would be removed`);
    if (due && !run.request.dryRun && (await isStillOrphan(run, candidate, sighting, state))) {
      if (await remove(run, candidate)) {
        removed += 1;
        freedBytes += candidate.bytes;
      } else sightings.push(sighting);
    } else sightings.push(sighting);
  }
  const probes = await sweepProbes(run, known);
  if (!run.request.dryRun) await run.catalog.writeSightings([...sightings, ...probes.sightings]);
  return { removed: removed + probes.removed, freedBytes: freedBytes + probes.freedBytes };
}

/** Sealed anew, and recorded: the record names this folder before `backup.json` does. */
function isCommitted(record: DeletionView | null, { attempt }: Candidate): boolean {
  if (record?.status !== 'completed' && record?.status !== 'missing') return false;
  return attempt !== null && record.committed === attempt;
}

function hasBoth(objects: ReadonlyMap<string, number>): boolean {
  return objects.has('data.hzn') && objects.has('manifest.hzn');
}

function candidatesOf(folder: FolderInventory): Candidate[] {
  const { backupId, commit } = folder;
  // A backup.json that cannot be read may name any of them: damage is never deleted.
  if (commit instanceof AppError) return [];
  const candidates: Candidate[] = [];
  for (const [attempt, { objects, uploads }] of folder.attempts) {
    if (commit?.attempt === attempt) continue;
    const at = attemptFolder(backupId, attempt);
    candidates.push({
      backupId,
      attempt,
      folder: at,
      keys: [...objects.keys()].map((name) => `${at}${name}`),
      uploads,
      committed: commit !== null,
      whole: commit === null && hasBoth(objects),
      earlier: commit !== null && hasBoth(objects),
      bytes: [...objects.values()].reduce((sum, bytes) => sum + bytes, 0),
    });
  }
  const keys = folder.hasMarks ? [marksKey(backupId)] : [];
  if (commit === null && folder.attempts.size === 0 && keys.length + folder.uploads.length > 0)
    candidates.push({
      backupId,
      attempt: null,
      folder: backupFolder(backupId),
      keys,
      uploads: folder.uploads,
      committed: false,
      whole: false,
      earlier: false,
      bytes: 0,
    });
  return candidates;
}

async function look(run: CleanupRun, candidate: Candidate, before: Sighting | undefined): Promise<Sighting> {
  const leaseCounter = (await leaseOf(run, candidate))?.counter ?? null;
  return sightingOf(run, candidate.folder, leaseCounter, before);
}

async function isDue(run: CleanupRun, candidate: Candidate, sighting: Sighting): Promise<boolean> {
  const everySeconds = (await leaseOf(run, candidate))?.everySeconds ?? 0;
  const wait = Math.max(run.request.graceMs, 3 * everySeconds * 1000);
  return stoodFor(run, sighting) >= wait;
}

async function leaseOf(
  run: CleanupRun,
  { backupId, attempt }: Candidate,
): Promise<{ counter: number | null; everySeconds: number } | null> {
  return attempt === null ? null : readLease(run.deps.store, leaseKey(backupId, attempt), run.signal);
}

/** `backup.json`, record and lease are read again just before a folder goes. */
async function isStillOrphan(
  run: CleanupRun,
  candidate: Candidate,
  sighting: Sighting,
  state: BackupState | null,
): Promise<boolean> {
  const { store } = run.deps;
  const { backupId, attempt } = candidate;
  const record = await run.catalog.view(backupId);
  if ((record?.status ?? null) !== state || isCommitted(record, candidate)) return false;
  if (((await leaseOf(run, candidate))?.counter ?? null) !== sighting.leaseCounter) return false;
  if ((await store.head(backupJsonKey(backupId), run.signal)) === null) return true;
  if (attempt === null) return false;
  const commit = await readBackupJson(store, backupId, run.signal).catch(() => null);
  if (commit === null || commit.attempt === attempt) return false;
  return !candidate.earlier || !(await isReplacementLost(run, candidate, record));
}

/** What replaced an attempt (sealed anew) is not there as it was written: the earlier one may be the only whole copy. */
async function isReplacementLost(
  { deps: { store }, signal }: CleanupRun,
  { backupId }: Candidate,
  record: DeletionView | null,
): Promise<boolean> {
  if (record?.status === 'missing' || record?.foundBad === true) return true;
  const commit = await readBackupJson(store, backupId, signal);
  return commit !== null && (await findLoss(store, commit, signal)) !== null;
}

/** False: a lock holds some of it, until a date. */
async function remove({ deps: { store }, signal, report }: CleanupRun, candidate: Candidate): Promise<boolean> {
  const { folder, keys, uploads } = candidate;
  for (const upload of uploads) await store.abortUpload(upload, signal);
  try {
    for (const key of inRemovalOrder(keys)) await store.delete(key, signal);
  } catch (error) {
    if (!isLocked(error)) throw error;
    report(`${folder} is an orphan, and goes later: ${error.message}`);
    return false;
  }
  report(`${folder} was an orphan and is removed`);
  return true;
}
