export { planRetention, type RetentionPlan, type RetentionRun, type RetentionTarget } from './plan-retention.js';
export { isKeptByLock, protectionsOf } from './protections.js';
export { refusalIn, refuse, toConfirm, type Refusal } from './refusal.js';
export { retentionTimes, type NowSources, type RetentionTimes } from './retention-now.js';
export { selectExpired } from './select-expired.js';
export type { RetentionDecision, RetentionPolicy, RetentionRecord } from './types.js';
export { policyOf, type ConfiguredRules } from './policy-of.js';
