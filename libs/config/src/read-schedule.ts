import { CronTime, validateCronExpression } from 'cron';
import type { Blackout } from './blackout.js';
import type { EnvironmentReader } from './environment-reader.js';

export interface ScheduleConfig {
  /** Cron of five fields, or six with seconds first; null: no schedule. */
  readonly cron: string | null;
  /** IANA name. */
  readonly timezone: string;
  /** Slots in them are left out; absent: none. */
  readonly blackouts?: readonly Blackout[];
  /** Each slot begins up to so many seconds late, by a share of its own; absent: in time. */
  readonly jitterSeconds?: number;
}

export const mostJitterSeconds = 86_400;

export function readSchedule(
  reader: EnvironmentReader,
  name: 'BACKUP_SCHEDULE' | 'BACKUP_CLEANUP_SCHEDULE' | 'BACKUP_DRILL_SCHEDULE',
): ScheduleConfig {
  return checkSchedule(
    { cron: reader.text(name), timezone: reader.text('BACKUP_TIMEZONE') },
    { cron: name, timezone: 'BACKUP_TIMEZONE' },
    (text) => reader.problem(text),
  );
}

/** Checks what an operator wrote; `off` is no schedule. `names` are for messages. */
export function checkSchedule(
  given: { readonly cron: string | undefined; readonly timezone: string | undefined },
  names: { readonly cron: string; readonly timezone: string },
  problem: (text: string) => void,
): ScheduleConfig {
  const cron = given.cron ?? 'off';
  const timezone = given.timezone ?? 'UTC';
  if (!isTimezone(timezone))
    problem(`${names.timezone} must be an IANA time zone such as Europe/Zurich, not "${timezone}"`);
  if (cron === 'off') return { cron: null, timezone };
  const fields = cron.trim().split(/\s+/).length;
  const { valid } = validateCronExpression(cron);
  if (!valid || (fields !== 5 && fields !== 6)) {
    problem(
      `${names.cron} must be a cron expression of five fields (0 2 * * *), or six with seconds first, or off; not "${cron}"`,
    );
  } else if (isTimezone(timezone) && !everDue(cron, timezone)) {
    problem(`${names.cron} is never due: "${cron}" names no date that exists`);
  }
  return { cron, timezone };
}

/** `0 0 31 2 *` is well formed, and waits for ever. */
function everDue(cron: string, timezone: string): boolean {
  try {
    new CronTime(cron, timezone).getNextDateFrom(new Date(), timezone);
    return true;
  } catch {
    return false;
  }
}

/** Whether nothing was said against it. */
export function isSound({ cron, timezone }: ScheduleConfig): boolean {
  return isTimezone(timezone) && (cron === null || validateCronExpression(cron).valid);
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
