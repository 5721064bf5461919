import { AppError, saysUnasked, throwIfAborted, type BackupJson } from '#contracts';
import { writeOnly } from '#crypto';
import { listBackups } from './list-backups.js';
import { holdsFolders } from './objects/require-copies.js';
import { readStoreIdentity } from './objects/store-identity.js';
import { rewriteBackup } from './rewrite/rewrite-backup.js';
import { findUncommitted } from './rotate/find-uncommitted.js';
import { rotateBackup } from './rotate/rotate-backup.js';
import type { RotateDeps, RotatedBackup, RotateRequest, RotationReport } from './rotate/rotate-types.js';

const backupsAtOnce = 8;
/** So many failures of the store, or of AWS KMS, in a row, and there is nothing to go on with. */
const mostFailures = 2 * backupsAtOnce;

/**
 * Rewraps the headers of every committed backup (of one target, when given) to the ring's current keys, by sidecars (docs/container-format.md, "Rotation").
 * Repeatable, and safe to be killed anywhere: a backup opens with the ring's keys at every moment, and the next run goes on where this one ended. A backup that
 * fails stops no other. Nothing of the payload is read or written, unless the request asks for new data keys (`rewriteBackup`). A store with neither backups nor
 * identity is `store/changed`: of an unmounted volume it must not be said that every backup opens.
 */
export async function runRotate(
  deps: RotateDeps,
  request: RotateRequest,
  signal: AbortSignal,
): Promise<RotationReport> {
  const { store, ring } = deps;
  if (ring.current.length === 0) throw new Error('runRotate was called without a current key');
  if (!ring.opensWhatItSeals) throw writeOnly('A rotation proves the new key before the old one goes');
  await deps.catalog?.requireStore(signal);
  const { unfinished, ...listed } = await listBackups(store, request.target ?? undefined, signal);
  const wanted = ({ backupId }: { readonly backupId: string }): boolean =>
    request.except?.has(backupId) !== true && request.only?.has(backupId) !== false;
  const [backups, damaged] = [listed.backups.filter(wanted), listed.damaged.filter(wanted)];
  const kdfSalt = request.kdfSalt ?? (await saltOf(deps, signal));
  const keyIds = await ring.currentKeyIds(kdfSalt, deps.scryptCost);
  refuseOthers(keyIds, request.keyIds ?? null);
  const reports = await findUncommitted(store, unfinished, signal);
  const results: RotatedBackup[] = [];
  const report = (result: RotatedBackup): void => {
    results.push(result);
    deps.onResult?.(result);
  };
  for (const { backupId, error } of damaged) report(unchanged(backupId, 'failed', error));
  const { dryRun, rewrite = null } = request;
  await rotateAll(deps, { backups, kdfSalt, keyIds, dryRun, rewrite, report }, signal);
  results.sort((a, b) => (a.backupId < b.backupId ? 1 : -1));
  return { dryRun, rewrite: rewrite !== null, keyIds, results, reports };
}

/** By which keys of passphrases are named. A rotation gives no store an identity: one that has lost its own would get another salt. */
async function saltOf({ store, ring }: RotateDeps, signal: AbortSignal): Promise<string> {
  const identity = await readStoreIdentity(store, signal);
  if (identity !== null) return identity.kdfSalt;
  if (!(await holdsFolders(store, signal)))
    throw new AppError({
      code: 'store/changed',
      stage: 'store',
      message: `${store.location} is empty: it has neither backups nor hazina.json`,
      hint: 'Is the volume mounted, and are bucket and prefix the right ones? Nothing was rotated',
    });
  if (ring.current.every(({ kind }) => kind !== 'passphrase')) return unused;
  throw new AppError({
    code: 'store/changed',
    stage: 'store',
    message: `${store.location} has lost its hazina.json, by which a passphrase is derived`,
    hint: 'Bring the file back from a copy of the store, or rotate to a key of hazina keys generate. Nothing was rotated',
  });
}

/** No name of a key without a passphrase depends on it. */
const unused = '0'.repeat(32);

interface Run {
  readonly backups: readonly BackupJson[];
  readonly kdfSalt: string;
  readonly keyIds: readonly string[];
  readonly dryRun: boolean;
  readonly rewrite: { readonly graceMs: number } | null;
  readonly report: (result: RotatedBackup) => void;
}

/** A few at a time. When the run is cancelled, those under way end first. */
async function rotateAll(deps: RotateDeps, run: Run, signal: AbortSignal): Promise<void> {
  const { backups, kdfSalt, keyIds, dryRun, rewrite, report } = run;
  const waiting = backups.values();
  let failures = 0;
  const isOver = (): boolean => signal.aborted;
  const lane = async (): Promise<void> => {
    for (const backup of waiting) {
      if (isOver()) return;
      if (failures >= mostFailures) {
        report(unchanged(backup.backupId, 'skipped', null));
        continue;
      }
      const task = { backup, kdfSalt, keyIds, dryRun };
      const result = await (rewrite === null
        ? rotateBackup(deps, task, signal)
        : rewriteBackup(deps, { ...task, ...rewrite }, signal));
      if (isOver()) return;
      failures = isOfAll(result.error) ? failures + 1 : 0;
      report(result);
    }
  };
  // One that is sealed anew is work for the whole machine, and its progress is one line.
  await Promise.all(Array.from({ length: rewrite === null || dryRun ? backupsAtOnce : 1 }, lane));
  throwIfAborted(signal, 'keys');
}

function refuseOthers(current: readonly string[], wanted: readonly string[] | null): void {
  if (wanted === null || (wanted.length === current.length && wanted.every((keyId) => current.includes(keyId)))) return;
  throw new AppError({
    code: 'keys/differ',
    stage: 'keys',
    message: `This rotation goes to ${wanted.join(', ')}, and the current keys of this process are ${current.join(', ')}`,
    hint: 'Give every worker the same BACKUP_ENCRYPTION_KEY, start them anew, and ask again. Nothing was changed',
  });
}

function unchanged(backupId: string, outcome: 'failed' | 'skipped', error: AppError | null): RotatedBackup {
  return { backupId, outcome, before: [], after: [], warnings: [], error };
}

/** These say nothing of the store as a whole. */
const ofOneBackup: ReadonlySet<string> = new Set(['store/precondition-failed', 'store/cold']);

function isOfAll(error: AppError | null): boolean {
  if (error === null) return false;
  return saysUnasked(error.code) || (error.code.startsWith('store/') && !ofOneBackup.has(error.code));
}
