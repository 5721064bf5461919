import { AppError, type BackupFacts, type BackupJson } from '#contracts';
import type { DumpProbe } from '#engine';
import { removeOrHide } from '#storage';
import type { BackupDeps, BackupOutcome, BackupRequest, WrittenData } from './backup-types.js';
import { CommitAttempt, committed } from './commit-attempt.js';
import { resumedOutcome } from './finish-commit.js';
import { totalsOf } from './objects/archive-facts.js';
import { metadataOfWritten } from './objects/backup-metadata.js';
import { readBackupJson } from './objects/backup-json-file.js';
import { beginAttempt } from './objects/begin-attempt.js';
import { confirmObject, conflict, findLoss, stillStands } from './objects/confirm.js';
import { leaseKey } from './objects/keys.js';
import { LeaseFile } from './objects/lease-file.js';
import { sealerOfManifest, writeManifest } from './objects/manifest-file.js';
import { ensureStoreIdentity } from './objects/store-identity.js';
import { defaultRoomLookMs, requireRoom, watchRoom } from './watch-room.js';
import { writeData } from './write-data.js';

const dayMs = 86_400_000;

/**
 * One backup, from the first look at the server to the commit. When it returns, the backup stands and every byte of it was confirmed by the store;
 * when it throws, nothing of it is left behind (or the error says what is, and why). With a journal it keeps spec/objects.md, "Commit", steps 0 to 3: an
 * error with `committed` in its details came after commit (1), and `finishCommit` is what is left to do.
 */
export async function runBackup(deps: BackupDeps, request: BackupRequest, signal: AbortSignal): Promise<BackupOutcome> {
  deps.observer.stage('probe');
  const identity = await ensureStoreIdentity(deps.store, deps.clock, deps.random, signal);
  const kdfSalt = deps.kdfSalt ?? identity.kdfSalt;
  if (deps.journal === undefined) {
    await refuseSecondCommit(deps, request, signal);
    return makeBackup(deps, request, kdfSalt, signal);
  }
  const beginning = await beginAttempt(deps.store, deps.journal, request, signal);
  if ('standing' in beginning) return resume(deps, beginning.standing, signal);
  return makeBackup(deps, { ...request, attempt: beginning.attempt }, kdfSalt, signal);
}

async function makeBackup(
  deps: BackupDeps,
  request: BackupRequest,
  kdfSalt: string,
  signal: AbortSignal,
): Promise<BackupOutcome> {
  const { store } = deps;
  const { backupId } = request;
  const startedAt = deps.clock.now();
  const { conditionalCreate } = await store.abilities(signal);
  const probe = await deps.engine.probe(request.dump, signal);
  deps.observer.probed?.(probe);

  const { reserveBytes } = request;
  if (reserveBytes !== undefined)
    await requireRoom(store, { estimatedBytes: probe.estimatedBytes, reserveBytes }, signal);

  const lease = new LeaseFile(store, backupId, request.attempt);
  const commitment = new CommitAttempt(deps, request, lease);
  try {
    await lease.start(signal);
    const sealer = await sealerOfManifest(deps, backupId, kdfSalt);
    const data = await writeWithinRoom(deps, request, probe, kdfSalt, signal);
    await confirmObject(store, backupId, data.object, signal);

    deps.observer.stage('manifest');
    const facts = describe(deps, request, probe, data, startedAt);
    const warnings = [...new Set([...probe.warnings, ...data.dump.warnings, ...emptiness(facts)])];
    const manifest = await writeManifest(deps, { facts, data, warnings, sealer }, signal);
    await confirmObject(store, backupId, manifest, signal);

    deps.observer.stage('commit');
    const backup: BackupJson = { ...facts, schema: 'hazina-backup/1', objects: { data: data.object, manifest } };
    await commitment.run(backup, conditionalCreate, signal);
    return { backup, warnings, resumed: false, metadata: metadataOfWritten(data) };
  } catch (error) {
    throw await commitment.fail(error);
  }
}

/** Writes the data, watched over the store's reserve where there is one. */
async function writeWithinRoom(
  deps: BackupDeps,
  request: BackupRequest,
  probe: DumpProbe,
  kdfSalt: string,
  signal: AbortSignal,
): Promise<WrittenData> {
  if (request.reserveBytes === undefined) return writeData(deps, request, probe, kdfSalt, signal);
  const everyMs = deps.roomLookMs ?? defaultRoomLookMs;
  const watch = watchRoom(deps.store, { reserveBytes: request.reserveBytes, everyMs }, signal);
  try {
    return await writeData(deps, request, probe, kdfSalt, watch.signal);
  } finally {
    watch.stop();
  }
}

/** The backup stands already: an attempt before this one committed it. Its record is completed from it; nothing is dumped, nothing removed. */
async function resume(deps: BackupDeps, standing: BackupJson, signal: AbortSignal): Promise<BackupOutcome> {
  try {
    const loss = await findLoss(deps.store, standing, signal);
    if (loss !== null) throw conflict(standing.backupId, loss);
    await removeOrHide(deps.store, leaseKey(standing.backupId, standing.attempt), signal);
    await stillStands(deps, standing);
    return await resumedOutcome(deps, standing, signal);
  } catch (error) {
    throw committed(AppError.from(error, 'commit'));
  }
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
    expiresAt: expiryOf(completedAt, request.retentionDays),
    label: request.label,
    pinned: request.pinned,
    databases,
    ...(request.part === undefined ? {} : { part: request.part }),
    engine: probe.engine,
    server: probe.server,
    consistency: data.dump.consistency,
    content: { kind: 'mongodump-archive', compression: request.compression.codec },
    keyIds: [...data.keyIds],
    totals: { ...totals, compressedBytes: compressedBytes(data) },
  };
}

/** By its age; null: what becomes of it other rules decide. */
function expiryOf(completedAt: Date, retentionDays: number): string | null {
  return retentionDays === 0 ? null : new Date(completedAt.getTime() + retentionDays * dayMs).toISOString();
}

/**
 * An empty source is a backup like every other, and more often a mistake in the address or the selection. That there is no collection at all the engine tells; what a
 * restore replaces may well be empty.
 */
function emptiness({ totals, trigger }: BackupFacts): string[] {
  const { documents, collections } = totals;
  if (documents > 0 || collections === 0 || trigger === 'safety') return [];
  return [`empty: there is no document in what was backed up (collections: ${collections})`];
}

function compressedBytes(data: WrittenData): number {
  if (data.frames.length === 0) return data.archive.archiveBytes;
  return data.frames.reduce((sum, [, compressed]) => sum + compressed, 0);
}
