import type { RetentionPolicy } from './types.js';

/** Rules as the configuration names them. */
export interface ConfiguredRules {
  readonly retentionDays: number;
  readonly keepLast: number;
  readonly keepHourly: number;
  readonly keepDaily: number;
  readonly keepWeekly: number;
  readonly keepMonthly: number;
  readonly keepYearly: number;
  readonly keepWithinBytes: number;
  readonly minKeep: number;
}

/** `timezone`: that of the target's schedule. */
export function policyOf(rules: ConfiguredRules, timezone: string): RetentionPolicy {
  const { retentionDays, keepLast, minKeep } = rules;
  return {
    ...{ retentionDays, keepLast, minKeep, timezone },
    hourly: rules.keepHourly,
    daily: rules.keepDaily,
    weekly: rules.keepWeekly,
    monthly: rules.keepMonthly,
    yearly: rules.keepYearly,
    withinBytes: rules.keepWithinBytes,
  };
}
