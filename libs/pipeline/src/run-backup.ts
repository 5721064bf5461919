import { AppError, type BackupFacts, type BackupJson } from '#contracts';
import type { DumpProbe } from '#engine';
import type { BackupDeps, BackupOutcome, BackupRequest, WrittenData } from './backup-types.js';
import { totalsOf } from './objects/archive-facts.js';
import { removeAttempt } from './objects/attempt.js';
import { encodeBackupJson, readBackupJson } from './objects/backup-json-file.js';
import { commit } from './objects/commit.js';
import { backupFolder, backupJsonKey } from './objects/keys.js';
import { LeaseFile } from './objects/lease-file.js';
import { writeManifest } from './objects/manifest-file.js';
import { ensureStoreIdentity } from './objects/store-identity.js';
import { writeData } from './write-data.js';

const dayMs = 86_400_000;

/**
 * One backup, from the first look at the server to the commit. When it returns, the backup stands and every byte of it was confirmed by the store;
 * when it throws, nothing of it is left behind (or the error says what is, and why).
 */
export async function runBackup(deps: BackupDeps, request: BackupRequest, signal: AbortSignal): Promise<BackupOutcome> {
  const startedAt = deps.clock.now();
  deps.observer.stage('probe');
  const identity = await ensureStoreIdentity(deps.store, deps.clock, deps.random, signal);
  const { conditionalCreate } = await deps.store.abilities(signal);
  await refuseSecondCommit(deps, request, signal);
  const probe = await deps.engine.probe(request.dump, signal);

  const lease = new LeaseFile(deps.store, request.backupId, request.attempt);
  let warnings: readonly string[];
  let backup: BackupJson;
  try {
    await lease.start(signal);
    const data = await writeData(deps, request, probe, identity.kdfSalt, signal);
    await confirm(deps, request, data.object, signal);

    deps.observer.stage('manifest');
    warnings = collectWarnings(probe, data);
    const facts = describe(deps, request, probe, data, startedAt);
    const manifest = await writeManifest(deps, { facts, data, warnings, kdfSalt: identity.kdfSalt }, signal);
    await confirm(deps, request, manifest, signal);
    backup = { ...facts, schema: 'hazina-backup/1', objects: { data: data.object, manifest } };

    deps.observer.stage('commit');
    await commit(deps.store, request.backupId, encodeBackupJson(backup), conditionalCreate, signal);
  } catch (error) {
    throw await cleanUp(deps, request, lease, error);
  }
  await lease.end();
  await stillThere(deps, request, backup);
  return { backup, warnings };
}

/** Before its first write an attempt looks whether its backup is committed already (spec/objects.md, step 0). */
async function refuseSecondCommit(deps: BackupDeps, request: BackupRequest, signal: AbortSignal): Promise<void> {
  if ((await readBackupJson(deps.store, request.backupId, signal)) === null) return;
  throw new AppError({
    code: 'commit/conflict',
    stage: 'probe',
    message: `The backup ${request.backupId} is committed already`,
    hint: 'Nothing was done: hazina show tells what it holds',
  });
}

/** What the store says it has must be what was sent. */
async function confirm(
  deps: BackupDeps,
  request: BackupRequest,
  object: { key: string; bytes: number },
  signal?: AbortSignal,
): Promise<void> {
  const key = `${backupFolder(request.backupId)}${object.key}`;
  const head = await deps.store.head(key, signal);
  if (head?.bytes === object.bytes) return;
  throw new AppError({
    code: 'store/failed',
    stage: 'store',
    retry: 'retry',
    message: `${key} should have ${object.bytes} bytes in ${deps.store.location}, but ${head === null ? 'is not there' : `has ${head.bytes}`}`,
    hint: 'The store lost or cut what it had confirmed: run hazina storage check',
  });
}

/** After the commit both objects are looked at once more: a backup without its objects must not stand (spec/objects.md, step 3). */
async function stillThere(deps: BackupDeps, request: BackupRequest, backup: BackupJson): Promise<void> {
  try {
    await confirm(deps, request, backup.objects.data);
    await confirm(deps, request, backup.objects.manifest);
  } catch (error) {
    if (AppError.from(error, 'store').code === 'store/failed') await deps.store.delete(backupJsonKey(request.backupId));
    throw error;
  }
}

/** Removes what this attempt put, unless the commit may stand. Returns the error to throw: the cause, with what could not be removed. */
async function cleanUp(deps: BackupDeps, request: BackupRequest, lease: LeaseFile, error: unknown): Promise<AppError> {
  const cause = AppError.from(error, 'dump');
  if (cause.code === 'commit/conflict' || cause.details['outcomeUnknown'] === true) return cause;
  try {
    await lease.end();
    await removeAttempt(deps.store, request.backupId, request.attempt);
    return cause;
  } catch (removal) {
    return new AppError({
      code: cause.code,
      stage: cause.stage,
      retry: cause.retry,
      message: `${cause.message}. What was written below ${backupFolder(request.backupId)} could not be removed: ${AppError.from(removal, 'delete').message}`,
      hint: `${cause.hint ?? ''} The unfinished folder is no backup and takes only room: the daily sweep removes it`.trim(),
      cause,
      details: cause.details,
    });
  }
}

function describe(
  deps: BackupDeps,
  request: BackupRequest,
  probe: DumpProbe,
  data: WrittenData,
  startedAt: Date,
): BackupFacts {
  const completedAt = deps.clock.now();
  const { databases, totals } = totalsOf(data.archive);
  return {
    backupId: request.backupId,
    target: request.target,
    attempt: request.attempt,
    trigger: request.trigger,
    startedAt: startedAt.toISOString(),
    completedAt: completedAt.toISOString(),
    expiresAt: new Date(completedAt.getTime() + request.retentionDays * dayMs).toISOString(),
    label: request.label,
    pinned: request.pinned,
    databases,
    engine: probe.engine,
    server: probe.server,
    consistency: data.dump.consistency,
    content: { kind: 'mongodump-archive', compression: request.compression.codec },
    keyIds: [...data.keyIds],
    totals: { ...totals, compressedBytes: compressedBytes(data) },
  };
}

function compressedBytes(data: WrittenData): number {
  if (data.frames.length === 0) return data.archive.archiveBytes;
  return data.frames.reduce((sum, [, compressed]) => sum + compressed, 0);
}

function collectWarnings(probe: DumpProbe, data: WrittenData): string[] {
  return [...new Set([...probe.warnings, ...data.dump.warnings])];
}
