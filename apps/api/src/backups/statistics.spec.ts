import { describe, expect, it } from '@jest/globals';
import type { CatalogStats } from '#catalog';
import type { TargetState } from '../targets/target-states.js';
import type { Recovery, RecoveryHistories } from './recovery.js';
import { statistics } from './statistics.js';

const empty: CatalogStats = {
  total: 0,
  byStatus: {},
  storageBytes: 0,
  averageSize: null,
  averageDurationMs: null,
  durationPercentilesMs: null,
  lastBackupAt: null,
  lastSuccessAt: null,
  lastVerifiedAt: null,
  lastSuccessByTarget: {},
  perDay: [],
};
const now = new Date('2026-11-26T00:00:00.000Z');
const history = { usedBytes: 0, usedBefore: 0, addedBytes: 0, since: now };
const recoveries = { recovery: new Map<string, Recovery>(), recoveryHistories: new Map() as RecoveryHistories };
const context = { quota: undefined, history, now, targets: [] as TargetState[], ...recoveries };

describe('statistics calculation', () => {
  it('of nothing has no rates, and counts every state', () => {
    expect(statistics(empty, context)).toMatchObject({
      total: 0,
      byStatus: {
        pending: 0,
        in_progress: 0,
        completed: 0,
        failed: 0,
        cancelled: 0,
        missing: 0,
        deleting: 0,
        deleted: 0,
      },
      successRate: null,
      failureRate: null,
      averageSize: null,
      quota: {
        ...{ bytes: null, used: 0, state: 'ok', policy: null, advice: null },
        ...{ growthPerDay: null, daysUntilFull: null, daysThatFit: null },
      },
    });
  });

  it.each([
    [{ completed: 3, failed: 1 }, 0.75, 0.25],
    [{ completed: 2, missing: 1, deleting: 1, failed: 0 }, 1, 0],
    [{ failed: 5 }, 0, 1],
    [{ completed: 1, failed: 1, pending: 7, in_progress: 1, cancelled: 9, deleted: 4 }, 0.5, 0.5],
    [{ pending: 1, cancelled: 1 }, null, null],
  ])('counts %j as rates of those that ended by themselves', (byStatus, successRate, failureRate) => {
    expect(statistics({ ...empty, byStatus }, context)).toMatchObject({ successRate, failureRate });
  });

  it.each([
    [null, 10 ** 12, 'ok'],
    [1_000, 799, 'ok'],
    [1_000, 800, 'warning'],
    [1_000, 949, 'warning'],
    [1_000, 950, 'critical'],
    [1_000, 5_000, 'critical'],
  ])('a quota of %s with %s used is %s', (bytes, used, state) => {
    const wished = bytes === null ? undefined : ({ bytes, policy: 'warn' } as const);
    const { quota } = statistics({ ...empty, storageBytes: used }, { ...context, quota: wished });
    expect(quota).toMatchObject({ bytes, used, state });
    expect(quota.advice === null).toBe(state === 'ok');
  });

  it('a quota that fills soon comes with advice', () => {
    const since = new Date(now.getTime() - 10 * 86_400_000);
    const { quota } = statistics(
      { ...empty, storageBytes: 500 },
      {
        ...context,
        quota: { bytes: 1_000, policy: 'refuse' },
        history: { usedBytes: 500, usedBefore: 300, addedBytes: 400, since },
      },
    );
    expect(quota).toEqual({
      ...{
        bytes: 1_000,
        used: 500,
        state: 'ok',
        policy: 'refuse',
        growthPerDay: 20,
        daysUntilFull: 25,
        daysThatFit: 20,
      },
      advice: expect.stringContaining('about 20 days of backups fit'),
    });
  });

  it('tells times as texts, averages as whole numbers, and of targets only what belongs here', () => {
    const at = new Date('2026-11-23T02:00:00.000Z');
    const target = {
      target: 'clinic',
      overdue: true,
      nextRunAt: at,
      lastSuccessAt: null,
      health: null,
    } as unknown as TargetState;
    const stats = { ...empty, averageSize: 10.6, averageDurationMs: 0.4, lastBackupAt: at, lastSuccessAt: at };
    expect(statistics(stats, { ...context, targets: [target] })).toMatchObject({
      averageSize: 11,
      averageDurationMs: 0,
      lastBackupAt: '2026-11-23T02:00:00.000Z',
      lastVerifiedAt: null,
      targets: [{ target: 'clinic', overdue: true, nextRunAt: '2026-11-23T02:00:00.000Z', lastSuccessAt: null }],
    });
  });
});
