import {
  primaryStore,
  saysDamaged,
  type AppError,
  type BackupRecord,
  type DrillRecord,
  type DrillReport,
  type ErrorCode,
} from '#contracts';
import { recordedError, type EndedVerification } from '#catalog';
import { differencesFound } from '#pipeline';
import { surely } from '../claims/surely.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import { writeWantedMarks } from '../marks/write-wanted-marks.js';
import { logUpkeep } from '../upkeep/log-upkeep.js';

/** What a drill read, told while it reads. */
export interface Drilled {
  /** The backup's record as it was then. */
  backup: BackupRecord | null;
  /** Where it was read from; null when no place gave it. */
  place: string | null;
}

export type Verdict = { readonly report: DrillReport } | { readonly error: AppError };

/**
 * What says nothing of the bytes: a volume that was unmounted meanwhile, or a backup that was sealed anew without the catalogue. A verification, which looks at the
 * store again, tells these from a loss.
 */
const saysLittle: readonly ErrorCode[] = ['backup/missing', 'backup/not-found', 'backup/mismatch'];

/**
 * What a drill proves, or finds, stands on its backup as that of a verification at level `restored`, by the drill's id and the run of it. Called before the drill
 * ends, so that none ends without; each run writes its own, and the newest counts. A copy in another place proves nothing of the backup, nor does a scratch target
 * that is away.
 */
export async function noteVerdict(
  parts: WorkerParts,
  { drill, drilled, log }: { readonly drill: DrillRecord; readonly drilled: Drilled; readonly log: WorkerLog },
  verdict: Verdict,
  signal: AbortSignal,
): Promise<void> {
  const { catalog, clock, metrics, upkeep } = parts;
  const { backupId, target, drillId, claim, startedAt, createdAt } = drill;
  const error = 'error' in verdict ? verdict.error : differencesFound(backupId, verdict.report);
  if (signal.aborted) return;
  if ('error' in verdict && !(saysDamaged(verdict.error.code) && !saysLittle.includes(verdict.error.code))) return;
  const { backup } = drilled;
  if (backup === null || drilled.place !== (backup.place ?? primaryStore)) return;
  const now = await surely(parts, log, () => catalog.backups.find(backupId));
  if (now?.status !== 'completed' || now.place !== backup.place || now.hash !== backup.hash) return;

  const status = error === null ? 'completed' : 'failed';
  const ended: EndedVerification = {
    ...{ taskId: claim.fence === 1 ? drillId : `${drillId}.${claim.fence}`, isDrill: true },
    ...{ createdAt, startedAt, completedAt: clock.now() },
    level: 'restored',
    status,
    error: error === null ? null : recordedError(error),
    errorMessage: error?.message ?? null,
  };
  await surely(parts, log, () => catalog.backups.verified(backupId, ended, now.hash));
  metrics.verificationEnded({ target, level: 'restored', result: status, at: clock.now() });
  // What could not be marked in the store the reconciler repeats.
  await writeWantedMarks(parts, backupId, signal).catch((trouble: unknown) => {
    log.failure('marks not written', trouble, 'store');
  });
  log.info('verdict noted on the backup', { verificationLevel: 'restored', result: status });
  logUpkeep(log, await upkeep.afterVerification());
}
