import { endOfBlackout, isBlackedOut } from '#config';
import type { BackupRecord } from '#contracts';
import { targetOf, type WorkerParts } from '../core/worker-core.js';

/**
 * When a backup may begin that lies in a blackout of its target at that time; null: it may begin then. A slot never begins in one; what came late (a target that was
 * busy, no place in the fleet, another try, a worker that was lost) does not either. Who asks for a backup by hand means now, and a commit is only finished.
 */
export function blackoutEnd(
  parts: Pick<WorkerParts, 'config'>,
  { target, trigger, commit }: Pick<BackupRecord, 'target' | 'trigger' | 'commit'>,
  at: Date,
): Date | null {
  if (commit !== null || (trigger !== 'schedule' && trigger !== 'catch-up')) return null;
  const { blackouts = [], timezone } = targetOf(parts.config, target)?.schedule ?? { timezone: 'UTC' };
  return isBlackedOut(blackouts, timezone, at) ? endOfBlackout(blackouts, timezone, at) : null;
}
