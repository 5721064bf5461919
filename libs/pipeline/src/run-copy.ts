import { AppError, cancelled, type BackupJson } from '#contracts';
import { copyObject, standsWhole, type CopyStores } from './copy/copy-object.js';
import { readCommitBytes, type CommitBytes } from './copy/commit-bytes.js';
import { isLocked } from '#storage';
import { removeBackup } from './delete/remove-backup.js';
import { findLoss } from './objects/confirm.js';
import { meaningOf } from './objects/key-pattern.js';
import { backupFolder, backupJsonKey, marksKey, sidecarKey } from './objects/keys.js';
import { readIfThere } from './objects/read-if-there.js';

export interface CopyRequest {
  readonly backupId: string;
  /** Every object that stands at the other side is read and hashed, and replaced where it is not right, whatever `backup.json` there says. */
  readonly thorough: boolean;
  /** What the record knows of it: who can write into the source must not be able to replace what stands elsewhere. Null: nobody knows. */
  readonly expect?: { readonly sha256: string | null; readonly attempt: number | null };
  /** Sidecars and marks that stand at the other side are newer, and stay: it is the primary store. */
  readonly keepsSmall?: boolean;
  /** Asked just before and after the commit there: whether it is still to be there. */
  readonly wanted?: () => Promise<boolean>;
}

export interface CopyResult {
  readonly backup: BackupJson;
  /** Objects that were copied; what stood there already is none. */
  readonly objects: number;
  readonly bytes: number;
}

/**
 * Copies a backup as it is stored, sealed, from one store to another; no key needed. In the order of a commit (spec/objects.md): data, manifest, sidecars, marks,
 * and `backup.json` last, so that the other side has the whole backup or none. Repeatable and resumable by object: what stands there with the right bytes is left.
 * Another backup of the same id there is `store/exists`, and is left alone; an earlier attempt of this one is replaced.
 */
export async function runCopy(stores: CopyStores, request: CopyRequest, signal: AbortSignal): Promise<CopyResult> {
  try {
    return await copy(stores, request, signal);
  } catch (error) {
    throw signal.aborted ? cancelled(signal, 'store') : AppError.from(error, 'store');
  }
}

async function copy(
  stores: CopyStores,
  { backupId, thorough, expect, keepsSmall = false, wanted }: CopyRequest,
  signal: AbortSignal,
): Promise<CopyResult> {
  const { from, to } = stores;
  const key = backupJsonKey(backupId);
  const source = await readCommitBytes(from, key, backupId, signal);
  if (source === null) throw notFound(backupId, from.location);
  if (source.backup instanceof AppError) throw source.backup;
  const { backup } = source;
  if (expect !== undefined) refuseUnknown(backup, expect, from.location);
  const there = await readCommitBytes(to, key, backupId, signal);
  const isSame = there?.bytes.equals(source.bytes) === true;
  if (there !== null && !isSame) refuseOther(backup, there, thorough, to.location);

  // Of a claim that ended before this one: nobody else writes into this folder.
  for await (const upload of to.listUploads(backupFolder(backupId), signal)) await to.abortUpload(upload, signal);
  let objects = 0;
  let bytes = 0;
  const isThere = isSame && !thorough && (await findLoss(to, backup, signal)) === null;
  for (const object of isThere ? [] : [backup.objects.data, backup.objects.manifest]) {
    if (await standsWhole(to, backupId, object, signal)) continue;
    await copyObject(stores, backupId, object, signal);
    objects += 1;
    bytes += object.bytes;
  }
  for (const object of [backup.objects.data, backup.objects.manifest])
    objects += await copySmall(stores, `${backupFolder(backupId)}${sidecarKey(object.key)}`, keepsSmall, signal);
  objects += await copySmall(stores, marksKey(backupId), keepsSmall, signal);
  if ((await wanted?.()) === false) throw notWanted(backupId);
  if (!isSame) await commit(stores, source, there, signal);
  if ((await wanted?.()) === false) {
    // What stood there before is its deletion's to take, which may still be refused.
    if (there === null) await removeUnlessLocked(() => removeBackup(to, backupId, signal));
    throw notWanted(backupId);
  }
  // Also those of a run that broke off just after its commit; the primary store's own are its sweeper's.
  if (there !== null && (!isSame || !keepsSmall)) await removeEarlierAttempts(stores, backup, signal);
  return { backup, objects, bytes };
}

/** Sidecars and marks: small, and rewritten in place. What the source does not have (any more) is left. */
async function copySmall({ from, to }: CopyStores, key: string, keeps: boolean, signal: AbortSignal): Promise<number> {
  const source = await readIfThere(from, key, signal);
  if (source === null) return 0;
  const standing = await readIfThere(to, key, signal);
  if (standing !== null && (keeps || standing.bytes.equals(source.bytes))) return 0;
  await to.putBytes(key, source.bytes, { signal });
  return 1;
}

async function commit(
  { to }: CopyStores,
  { bytes, backup }: CommitBytes,
  there: CommitBytes | null,
  signal: AbortSignal,
): Promise<void> {
  const { conditionalCreate, conditionalReplace } = await to.abilities(signal);
  const condition =
    there === null ? { ifNoneMatch: conditionalCreate } : conditionalReplace ? { ifMatch: there.etag } : {};
  const { backupId } = backup as BackupJson;
  await to.putBytes(backupJsonKey(backupId), bytes, { ...condition, lock: true, signal });
  const read = await readIfThere(to, backupJsonKey(backupId), signal);
  if (read?.bytes.equals(bytes) === true) return;
  throw new AppError({
    ...{ code: 'store/failed', stage: 'commit', retry: 'retry' },
    message: `backup.json of ${backupId} was written to ${to.location} but does not read back`,
    hint: 'Run hazina storage check',
  });
}

/** A backup that was sealed anew has a higher attempt: what it replaces there is of no use any more. */
async function removeEarlierAttempts({ to }: CopyStores, backup: BackupJson, signal: AbortSignal): Promise<void> {
  const others: string[] = [];
  for await (const { key } of to.list(backupFolder(backup.backupId), signal)) {
    const meaning = meaningOf(key);
    if (meaning.kind === 'attempt' && meaning.attempt < backup.attempt) others.push(key);
  }
  for (const key of others) await removeUnlessLocked(() => to.delete(key, signal));
}

/** What a lock of the other side holds is no fault: it goes later, with the sweep or with the backup. */
async function removeUnlessLocked(remove: () => Promise<unknown>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!isLocked(error)) throw error;
  }
}

function refuseOther(backup: BackupJson, { backup: there }: CommitBytes, thorough: boolean, location: string): void {
  // Damage is replaced only where somebody has looked, and found it.
  if (there instanceof AppError) {
    if (thorough) return;
    throw there;
  }
  // Sealed anew, it is the same run; the run of another installation that shares the place may have the same id.
  const isSameRun = there.startedAt === backup.startedAt && there.completedAt === backup.completedAt;
  if (isSameRun && there.attempt < backup.attempt) return;
  throw new AppError({
    ...{ code: 'store/exists', stage: 'store' },
    message: `Another backup ${backup.backupId} lies in ${location}: it is left alone`,
    hint: 'Do two installations copy to the same place? Give each a bucket or a prefix of its own',
  });
}

function refuseUnknown(backup: BackupJson, expect: NonNullable<CopyRequest['expect']>, location: string): void {
  const { attempt, objects } = backup;
  const isKnown = (expect.attempt ?? attempt) === attempt;
  if (isKnown && (expect.sha256 ?? objects.data.sha256) === objects.data.sha256) return;
  throw new AppError({
    ...{ code: 'backup/mismatch', stage: 'store' },
    message: `backup.json of ${backup.backupId} in ${location} is not what its record says: it is not copied, and no copy of it is touched`,
    hint: 'Verify it. If it was sealed anew without the catalogue, run hazina catalog sync',
  });
}

function notFound(backupId: string, location: string): AppError {
  return new AppError({
    ...{ code: 'backup/not-found', stage: 'store' },
    message: `There is no backup ${backupId} in ${location} to copy`,
    hint: 'Was it deleted meanwhile? If not, hazina catalog sync finds what is there',
  });
}

function notWanted(backupId: string): AppError {
  return new AppError({
    ...{ code: 'run/fenced', stage: 'claim' },
    message: `${backupId} is deleted, or another has taken over its copy`,
    hint: 'Nothing to do: no copy is wanted from here any more',
  });
}
