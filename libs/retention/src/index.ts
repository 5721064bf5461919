export {
  planRetention,
  refusalIn,
  type Refusal,
  type RetentionPlan,
  type RetentionRun,
  type RetentionTarget,
} from './plan-retention.js';
export { retentionNow, type NowSources } from './retention-now.js';
export { isKeptByLock, selectExpired } from './select-expired.js';
export type { RetentionDecision, RetentionPolicy, RetentionRecord } from './types.js';
export { policyOf, type ConfiguredRules } from './policy-of.js';
