import { endOfBlackout, isBlackedOut, type ScheduleConfig } from '#config';
import { jitterOf, type BackupRecord } from '#contracts';
import { targetOf, type WorkerParts } from '../core/worker-core.js';

const noSchedule: ScheduleConfig = { cron: null, timezone: 'UTC' };

/**
 * When a backup may begin that lies in a blackout of its target at that time; null: it may begin then. With jitter, that much after the blackout. A slot never begins in one; what came late (a target that was
 * busy, no place in the fleet, another try, a worker that was lost) does not either. Who asks for a backup by hand means now, and a commit is only finished.
 */
export function blackoutEnd(
  parts: Pick<WorkerParts, 'config'>,
  { target, trigger, commit }: Pick<BackupRecord, 'target' | 'trigger' | 'commit'>,
  at: Date,
): Date | null {
  if (commit !== null || (trigger !== 'schedule' && trigger !== 'catch-up')) return null;
  const { blackouts = [], timezone, jitterSeconds = 0 } = targetOf(parts.config, target)?.schedule ?? noSchedule;
  if (!isBlackedOut(blackouts, timezone, at)) return null;
  const end = endOfBlackout(blackouts, timezone, at);
  if (end === null) return null;
  // All that waited for it would begin at once.
  const start = new Date(end.getTime() + jitterOf(target, end, jitterSeconds) * 1000);
  return isBlackedOut(blackouts, timezone, start) ? end : start;
}
