import type { TargetConfig } from '#config';

/** A target as the configuration resolves it, with every default. */
export function targetConfig(
  name: string,
  schedule: TargetConfig['schedule'],
  more: Partial<TargetConfig> = {},
): TargetConfig {
  return {
    ...{
      name,
      schedule,
      databases: [],
      include: [],
      exclude: [],
      replicas: [],
      engine: 'auto',
      uriVariable: 'MONGODB_URI',
    },
    ...{ compression: { codec: 'zstd', level: undefined }, hooks: { before: [], after: [] } },
    ...{ throttleBytesPerSecond: null, storeThrottleBytesPerSecond: null },
    retention: {
      ...{ retentionDays: 30, keepLast: 0, keepHourly: 0, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 },
      ...{ keepWithinBytes: 0, minKeep: 3 },
    },
    drill: { schedule: { cron: null, timezone: 'UTC' }, targetName: null, queries: [] },
    ...more,
  };
}
