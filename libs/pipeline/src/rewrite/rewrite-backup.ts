import { AppError, throwIfAborted, type BackupJson } from '#contracts';
import { findAttempts, removeAttempt, removeUnlessLocked } from '../objects/attempt.js';
import { encodeBackupJson, parseBackupJson } from '../objects/backup-json-file.js';
import { backupJsonKey } from '../objects/keys.js';
import { LeaseFile } from '../objects/lease-file.js';
import { readIfThere } from '../objects/read-if-there.js';
import type { RewriteJournal } from '../deps.js';
import type { RotateDeps, RotatedBackup } from '../rotate/rotate-types.js';
import { commitRewrite, ReplacedCommit } from './commit-rewrite.js';
import { judgeSeal } from './judge-seal.js';
import { sealAnew } from './seal-anew.js';
import { settleCommit } from './settle-commit.js';

export interface BackupRewrite {
  readonly backup: BackupJson;
  readonly kdfSalt: string;
  readonly keyIds: readonly string[];
  readonly dryRun: boolean;
  /** BACKUP_ORPHAN_GRACE_HOURS. */
  readonly graceMs: number;
}

interface Held {
  readonly signal: AbortSignal;
  /** Null: nobody keeps records. */
  readonly record: RewriteJournal | null;
}

/**
 * Seals a backup anew with new data keys, under an exclusive use where there is a catalogue: a new attempt beside the one that stands, which `backup.json` names
 * from one moment to the next. Before that moment the old keys open it, afterwards the new ones alone; the old folder stays for readers that are under way and
 * goes by the rule for orphans. May be killed anywhere: what it left is finished by anybody (after commit (1)), or is an orphan. An error is part of the result.
 */
export async function rewriteBackup(
  deps: RotateDeps,
  rewrite: BackupRewrite,
  signal: AbortSignal,
): Promise<RotatedBackup> {
  const { backup, keyIds, dryRun } = rewrite;
  const { backupId } = backup;
  let before: readonly string[] = [];
  const warnings: string[] = [];
  const ended = (outcome: RotatedBackup['outcome'], error: AppError | null = null): RotatedBackup => ({
    ...{ backupId, outcome, before, warnings, error },
    after: outcome === 'gone' ? [] : outcome === 'failed' ? before : keyIds,
  });
  try {
    const judged = await judgeSeal(deps, backup, keyIds, signal);
    before = judged.keyIds;
    warnings.push(...judged.warnings);
    if (judged.current) return ended('current');
    if (dryRun) return ended('would-rewrite');
    const act = (held: Held) => rewriteHeld(deps, rewrite, held);
    const { catalog } = deps;
    const done =
      catalog === undefined
        ? await act({ signal, record: null })
        : await catalog.hold(backupId, 'rewrite', act, signal);
    if (done === 'gone') return ended('gone');
    warnings.push(...done.warnings);
    return ended(done.isNew ? 'rewritten' : 'current');
  } catch (thrown) {
    const error = AppError.from(thrown, 'keys');
    const isGone =
      ['backup/missing', 'backup/not-found'].includes(error.code) && (await hasGone(deps, backupId, signal));
    return isGone ? ended('gone') : ended('failed', error);
  }
}

interface Done {
  readonly isNew: boolean;
  readonly warnings: readonly string[];
}

async function rewriteHeld(deps: RotateDeps, rewrite: BackupRewrite, { signal, record }: Held): Promise<Done | 'gone'> {
  const { store } = deps;
  const { backupId } = rewrite.backup;
  // What an earlier one had recorded and could not put.
  if (record !== null) await settleCommit({ store, record }, backupId, signal);
  const file = await readIfThere(store, backupJsonKey(backupId), signal);
  if (file === null) return 'gone';
  const standing = parseBackupJson(file.bytes, backupId);
  if ((await judgeSeal(deps, standing, rewrite.keyIds, signal)).current) return { isNew: false, warnings: [] };
  await refuseYoung(deps, standing, rewrite.graceMs, signal);

  const attempt = await beginAttempt(deps, standing, record, signal);
  const lease = new LeaseFile(store, backupId, attempt);
  const place = new ReplacedCommit(store, backupId, file);
  try {
    await lease.start(signal, { fresh: true });
  } catch (error) {
    // Another's folder, or nobody knows: it is left alone.
    await lease.rest();
    throw error;
  }
  const commit = { isSent: false, isRecorded: false } as { isSent: boolean; isRecorded: boolean };
  try {
    const sealed = await sealAnew(deps, { backupId, attempt, kdfSalt: rewrite.kdfSalt }, signal);
    if (sealed.before.attempt !== standing.attempt) throw changedMeanwhile(backupId);
    throwIfAborted(signal, 'commit');
    deps.observer?.stage('commit');
    commit.isSent = true;
    await commitRewrite(
      { deps, record, place, signal, recorded: () => (commit.isRecorded = true) },
      {
        attempt,
        backup: sealed.after,
        bytes: encodeBackupJson(sealed.after),
      },
    );
    // It is committed: what is left of the lease is the sweeper's.
    await lease.end().catch(() => lease.rest());
    return { isNew: true, warnings: sealed.warnings };
  } catch (error) {
    const cause = AppError.from(error, 'seal');
    // Once a commit was sent, only a definite answer says that nothing names this folder: else the sweeper decides.
    const mayGo = !commit.isSent || (!commit.isRecorded && (await place.isOutOfReach(record, attempt, cause)));
    await (mayGo ? giveUp(deps, lease, backupId, attempt) : lease.rest());
    throw cause;
  }
}

/** The number of the new attempt, above every one that left something. Under a use, what earlier ones left without a commit (1) goes: nothing of theirs can be recorded any more. */
async function beginAttempt(
  { store, random }: RotateDeps,
  { backupId, attempt: standing }: BackupJson,
  record: RewriteJournal | null,
  signal: AbortSignal,
): Promise<number> {
  const found = await findAttempts(store, backupId, signal);
  const highest = Math.max(standing, ...found);
  // Where no fence keeps two rewrites apart, one of which may be asleep, their numbers do.
  if (record === null) return highest + 1 + random.bytes(3).readUIntBE(0, 3);
  const attempt = await record.raiseAbove(highest);
  // Asked after the fence was raised. The one that the record names may be the last good one, although the store names a lower one (a put that had slept).
  const recorded = (await record.commit())?.attempt;
  for (const left of found) if (left > standing && left !== recorded) await removeUnlessLocked(store, backupId, left);
  return attempt;
}

/**
 * A store without conditional writes cannot tell a late put of the last commit from ours: until the grace after that commit has passed, nobody may be about to
 * repeat it.
 */
async function refuseYoung(
  { store, clock }: RotateDeps,
  { backupId, completedAt }: BackupJson,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { conditionalCreate, conditionalReplace } = await store.abilities(signal);
  if (conditionalCreate && conditionalReplace) return;
  const head = await store.head(backupJsonKey(backupId), signal);
  const storeTime = await store.serverTime(signal);
  const now = Math.min(clock.now().getTime(), storeTime?.getTime() ?? Infinity);
  const due = Math.max(new Date(completedAt).getTime(), head?.lastModified.getTime() ?? 0) + graceMs;
  if (now >= due) return;
  throw new AppError({
    code: 'backup/refused',
    stage: 'keys',
    retry: 'retry',
    message: `${store.location} honours no conditional writes, and ${backupId} was committed less than BACKUP_ORPHAN_GRACE_HOURS ago`,
    hint: `Run it again after ${new Date(due).toISOString()}. Nothing was changed`,
  });
}

/** Removes what this attempt put. Not a folder that is named after all: then it is no concern of this run any more. */
async function giveUp({ store }: RotateDeps, lease: LeaseFile, backupId: string, attempt: number): Promise<void> {
  try {
    await lease.rest();
    const file = await readIfThere(store, backupJsonKey(backupId));
    if (file !== null && parseBackupJson(file.bytes, backupId).attempt === attempt) return;
    await removeAttempt(store, backupId, attempt);
  } catch {
    // Takes room and nothing else: the sweeper removes it.
  }
}

function changedMeanwhile(backupId: string): AppError {
  return new AppError({
    code: 'store/precondition-failed',
    stage: 'keys',
    retry: 'retry',
    message: `${backupId} was sealed anew by another meanwhile`,
    hint: 'Run it again: what is done is left alone',
  });
}

/** Whether its objects are gone because it was deleted meanwhile; where nobody can tell, they are missing. */
async function hasGone({ store }: RotateDeps, backupId: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await store.head(backupJsonKey(backupId), signal)) === null;
  } catch {
    return false;
  }
}
