import { safetyTargetOf } from '#contracts';
import type { LoadOptions } from './cli-config.js';
import { EnvironmentReader } from './environment-reader.js';
import { readRestoreTargets } from './restore-targets.js';
import { readRetention, type RetentionConfig } from './read-retention.js';
import { scheduleIntervalMs } from './schedule-interval.js';
import { readTargets } from './targets.js';

/** What a target keeps, and its usual time between two backups (null: it has no schedule). */
export interface TargetUpkeep {
  readonly name: string;
  readonly retention: RetentionConfig;
  readonly timezone: string;
  readonly intervalMs: number | null;
}

/** What a cleanup or a sync by the command line needs besides the store: no URI of a source, no queue. */
export interface UpkeepConfig {
  readonly targets: readonly TargetUpkeep[];
  readonly orphanGraceMs: number;
  readonly recordRetentionDays: number;
}

/** Throws `config/invalid`. */
export function loadUpkeepConfig(options: LoadOptions): UpkeepConfig {
  const reader = new EnvironmentReader(options.environment, options.readFile);
  const config: UpkeepConfig = {
    targets: [
      ...readTargets(reader, options.readFile).map(({ name, retention, schedule }) => ({
        ...{ name, retention, timezone: schedule.timezone, intervalMs: scheduleIntervalMs(schedule) },
      })),
      // Backups of what restores replaced have no schedule.
      ...readRestoreTargets(reader, options).map(({ name }) => ({
        ...{ name: safetyTargetOf(name), retention: readRetention(reader), timezone: 'UTC', intervalMs: null },
      })),
    ],
    orphanGraceMs: reader.number('BACKUP_ORPHAN_GRACE_HOURS', 0, 87_600) * 3_600_000,
    recordRetentionDays: reader.integer('BACKUP_RECORD_RETENTION_DAYS', 1, 36_500) ?? 400,
  };
  reader.finish();
  return Object.freeze(config);
}
