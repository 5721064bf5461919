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
  readonly minKeep: number;
}

export function policyOf(rules: ConfiguredRules): RetentionPolicy {
  const { retentionDays, keepLast, minKeep } = rules;
  return {
    ...{ retentionDays, keepLast, minKeep },
    hourly: rules.keepHourly,
    daily: rules.keepDaily,
    weekly: rules.keepWeekly,
    monthly: rules.keepMonthly,
    yearly: rules.keepYearly,
  };
}
