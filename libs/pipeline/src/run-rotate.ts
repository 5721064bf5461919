import { throwIfAborted, type AppError, type BackupJson } from '#contracts';
import { writeOnly } from '#crypto';
import { listBackups } from './list-backups.js';
import { ensureStoreIdentity, readStoreIdentity } from './objects/store-identity.js';
import { rotateBackup } from './rotate/rotate-backup.js';
import type { RotateDeps, RotatedBackup, RotateRequest, RotationReport } from './rotate/rotate-types.js';

export type {
  RotateDeps,
  RotatedBackup,
  RotateRequest,
  RotationCatalog,
  RotationReport,
} from './rotate/rotate-types.js';

const backupsAtOnce = 8;
/** So many failures of the store in a row, and there is nothing to go on with. */
const mostStoreFailures = 2 * backupsAtOnce;

/**
 * Rewraps the headers of every committed backup (of one target, when given) to the ring's current keys, by sidecars (docs/container-format.md, "Rotation").
 * Repeatable, and safe to be killed anywhere: a backup opens with the ring's keys at every moment, and the next run goes on where this one ended. A backup that
 * fails stops no other. Nothing of the payload is read or written.
 */
export async function runRotate(
  deps: RotateDeps,
  request: RotateRequest,
  signal: AbortSignal,
): Promise<RotationReport> {
  const { store, ring, clock, random } = deps;
  if (ring.current.length === 0) throw new Error('runRotate was called without a current key');
  if (!ring.opensWhatItSeals) throw writeOnly('A rotation proves the new key before the old one goes');
  await deps.catalog?.requireStore(signal);
  const { backups, damaged } = await listBackups(store, request.target ?? undefined, signal);
  const identity = request.dryRun
    ? await readStoreIdentity(store, signal)
    : await ensureStoreIdentity(store, clock, random, signal);
  // A store that has lost its identity gets another one; until then names of passphrases are not known.
  const kdfSalt = identity?.kdfSalt ?? '0'.repeat(32);
  const keyIds = await ring.currentKeyIds(kdfSalt, deps.scryptCost);
  const results: RotatedBackup[] = [];
  const report = (result: RotatedBackup): void => {
    results.push(result);
    deps.onResult?.(result);
  };
  for (const { backupId, error } of damaged) report(unchanged(backupId, 'failed', error));
  await rotateAll(deps, { backups, kdfSalt, keyIds, dryRun: request.dryRun, report }, signal);
  results.sort((a, b) => (a.backupId < b.backupId ? 1 : -1));
  return { dryRun: request.dryRun, keyIds, results };
}

interface Run {
  readonly backups: readonly BackupJson[];
  readonly kdfSalt: string;
  readonly keyIds: readonly string[];
  readonly dryRun: boolean;
  readonly report: (result: RotatedBackup) => void;
}

/** A few at a time. When the run is cancelled, those under way end first. */
async function rotateAll(deps: RotateDeps, run: Run, signal: AbortSignal): Promise<void> {
  const { backups, kdfSalt, keyIds, dryRun, report } = run;
  const waiting = backups.values();
  let storeFailures = 0;
  const isOver = (): boolean => signal.aborted;
  const lane = async (): Promise<void> => {
    for (const backup of waiting) {
      if (isOver()) return;
      if (storeFailures >= mostStoreFailures) {
        report(unchanged(backup.backupId, 'skipped', null));
        continue;
      }
      const result = await rotateBackup(deps, { backup, kdfSalt, keyIds, dryRun }, signal);
      if (isOver()) return;
      storeFailures = isStoreFailure(result.error) ? storeFailures + 1 : 0;
      report(result);
    }
  };
  await Promise.all(Array.from({ length: backupsAtOnce }, lane));
  throwIfAborted(signal, 'keys');
}

function unchanged(backupId: string, outcome: 'failed' | 'skipped', error: AppError | null): RotatedBackup {
  return { backupId, outcome, before: [], after: [], warnings: [], error };
}

function isStoreFailure(error: AppError | null): boolean {
  return error !== null && error.code.startsWith('store/') && error.code !== 'store/precondition-failed';
}
