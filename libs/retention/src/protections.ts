import type { RetentionDecision, RetentionRecord } from './types.js';

const lockWords = 'locked until';

/** Why no rule and no confirmation removes a backup now, in words; none: it may go. */
export function protectionsOf(
  { pinned, usedBy, lockedUntil }: Pick<RetentionRecord, 'pinned' | 'usedBy' | 'lockedUntil'>,
  now: Date,
): readonly string[] {
  return [
    ...(pinned ? ['pinned'] : []),
    ...(usedBy === null ? [] : [`in use: ${usedBy}`]),
    ...(lockedUntil !== null && lockedUntil > now ? [`${lockWords} ${lockedUntil.toISOString()}`] : []),
  ];
}

/** Whether nothing but a lock of the store keeps it: retention comes back to it when that has ended. */
export function isKeptByLock({ decision, reasons }: Pick<RetentionDecision, 'decision' | 'reasons'>): boolean {
  return decision === 'keep' && reasons.length === 1 && reasons[0]?.startsWith(lockWords) === true;
}
