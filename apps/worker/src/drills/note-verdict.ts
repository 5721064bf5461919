import {
  primaryStore,
  saysDamaged,
  type AppError,
  type BackupRecord,
  type DrillRecord,
  type DrillReport,
  type RecordedError,
} from '#contracts';
import type { EndedVerification } from '#catalog';
import { differencesFound } from '#pipeline';
import { surely } from '../claims/surely.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import { writeWantedMarks } from '../marks/write-wanted-marks.js';

/** What a drill read, told while it reads. */
export interface Drilled {
  /** The backup's record as it was then. */
  backup: BackupRecord | null;
  /** Where it was read from; null when no place gave it. */
  place: string | null;
}

export type Verdict = { readonly report: DrillReport } | { readonly error: AppError };

/**
 * What a drill proves, or finds, stands on its backup as that of a verification at level `restored` by the drill's id. Called before the drill ends: a run that is
 * taken over in between writes it once. A copy in another place proves nothing of the backup, nor does a scratch target that is away.
 */
export async function noteVerdict(
  parts: WorkerParts,
  { drill, drilled, log }: { readonly drill: DrillRecord; readonly drilled: Drilled; readonly log: WorkerLog },
  verdict: Verdict,
  signal: AbortSignal,
): Promise<void> {
  const { catalog, clock, metrics } = parts;
  const { backupId, target, drillId, startedAt, createdAt } = drill;
  const error = 'error' in verdict ? verdict.error : differencesFound(backupId, verdict.report);
  if ('error' in verdict && !saysDamaged(verdict.error.code)) return;
  const { backup } = drilled;
  if (backup === null || drilled.place !== (backup.place ?? primaryStore)) return;
  const now = await surely(parts, log, () => catalog.backups.find(backupId));
  if (now?.status !== 'completed' || now.place !== backup.place || now.hash !== backup.hash) return;

  const status = error === null ? 'completed' : 'failed';
  const ended: EndedVerification = {
    ...{ taskId: drillId, createdAt, startedAt, completedAt: clock.now() },
    level: 'restored',
    status,
    error: error === null ? null : recorded(error),
    errorMessage: error?.message ?? null,
  };
  await surely(parts, log, () => catalog.backups.verified(backupId, ended, now.hash));
  metrics.verificationEnded({ target, level: 'restored', result: status, at: clock.now() });
  // What could not be marked in the store the reconciler repeats.
  await writeWantedMarks(parts, backupId, signal).catch((trouble: unknown) => {
    log.failure('marks not written', trouble, 'store');
  });
}

function recorded({ code, stage, retry, hint }: AppError): RecordedError {
  return { code, stage, retryable: retry === 'retry', hint: hint ?? null };
}
