import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { planRetention, type RetentionTarget } from './plan-retention.js';
import type { RetentionDecision, RetentionPolicy, RetentionRecord } from './types.js';

// What one run does over all its targets, and by which time: every decision of a case with its reasons, in their order.

interface GoldenPlan {
  readonly name: string;
  readonly clock: string;
  readonly storeTime: string | null;
  readonly confirm: number | null;
  readonly targets: readonly (Omit<RetentionTarget, 'policy' | 'records'> & {
    readonly policy: Partial<RetentionPolicy> | null;
    readonly backups: readonly (Partial<Omit<RetentionRecord, 'completedAt' | 'lockedUntil'>> & {
      readonly id: string;
      readonly completedAt: string;
      readonly lockedUntil?: string;
    })[];
  })[];
  readonly expected: {
    readonly wanted: number;
    readonly confirmationNeeded: boolean;
    readonly decisions: readonly Omit<RetentionDecision, 'target'>[];
  };
}

const off: RetentionPolicy = {
  ...{ retentionDays: 0, keepLast: 0, withinBytes: 0, timezone: 'UTC', minKeep: 3 },
  ...{ hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 },
};
const plans = JSON.parse(readFileSync(new URL('golden-plans.json', import.meta.url), 'utf8')) as GoldenPlan[];
const targetsOf = ({ targets }: GoldenPlan): RetentionTarget[] =>
  targets.map(({ target, policy, intervalMs, lastRunsFailed, backups }) => ({
    ...{ target, intervalMs, lastRunsFailed },
    policy: policy === null ? null : { ...off, ...policy },
    records: backups.map(({ id, completedAt, lockedUntil, ...rest }): RetentionRecord => ({
      ...{ backupId: id, target, bytes: 1000, pinned: false, usedBy: null, good: true },
      verified: rest.good !== false,
      ...rest,
      completedAt: new Date(completedAt),
      lockedUntil: lockedUntil === undefined ? null : new Date(lockedUntil),
    })),
  }));

describe('golden plans', () => {
  it.each(plans.map((plan) => [plan.name, plan] as const))('%s', (_name, plan) => {
    const { clock, storeTime, confirm, targets, expected } = plan;
    const found = planRetention(targetsOf(plan), {
      clock: new Date(clock),
      storeTime: storeTime === null ? null : new Date(storeTime),
      confirm,
    });
    const targetOf = (id: string) => targets.find(({ backups }) => backups.some((one) => one.id === id))?.target;
    expect(found).toEqual({
      ...expected,
      decisions: expected.decisions.map((one) => ({ ...one, target: targetOf(one.backupId) })),
    });
  });

  it('have names of their own, and backups whose ids do too', () => {
    expect(new Set(plans.map(({ name }) => name)).size).toBe(plans.length);
    for (const plan of plans) {
      const ids = plan.targets.flatMap(({ backups }) => backups.map(({ id }) => id));
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  it('show each decision, and each reason of a run to let nothing go', () => {
    const decisions = plans.flatMap(({ expected }) => expected.decisions);
    expect(new Set(decisions.map(({ decision }) => decision))).toEqual(new Set(['keep', 'remove', 'kept-by-refusal']));
    for (const reason of [
      ...[
        /^no policy is configured/,
        /^dated after the time that counts$/,
        /^the last three runs of its target failed$/,
      ],
      ...[/^\d+ of \d+ would go, which is over half/, /^\d+ of \d+ good ones would go, which is over half/],
      /^of the target clinic \d+ of \d+ would go, which is over half/,
    ])
      expect(decisions.filter(({ reasons }) => reasons.some((one) => reason.test(one))).length).toBeGreaterThan(0);
  });
});
