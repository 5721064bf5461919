import type { ScheduleRecord } from '#contracts';
import type { Plain } from '../http/plain.js';
import type { PauseDto } from './targets.dto.js';

/** Whether a schedule is paused, so that nobody overlooks it: a forgotten pause is a database without backups. */
export function pauseOf(target: string, schedule: ScheduleRecord | null): Plain<PauseDto> {
  if (!schedule?.pausedAt) return { paused: false, pausedAt: null, pausedBy: null, notice: null };
  const pausedAt = schedule.pausedAt.toISOString();
  const by = schedule.pausedBy ?? 'somebody';
  const notice = `PAUSED since ${pausedAt} by ${by}: no backup of ${target} is made on schedule until POST /api/admin/schedules/${target}/resume`;
  return { paused: true, pausedAt, pausedBy: schedule.pausedBy, notice };
}
