import { expect, it } from '@jest/globals';
import { AppError, systemClock, systemRandom, type AuditRecord, type BackupJson, type TaskRecord } from '#contracts';
import { createLog } from '#logging';
import { createMemoryStore } from '#storage';
import { noAbort, putBackup } from '../../../../test/support/backup-world.js';
import type { WorkerParts } from '../core/worker-core.js';
import { WorkerLog } from '../logging/worker-log.js';
import { CleanupProcessor } from './cleanup.processor.js';

const dayMs = 86_400_000;
const never = () => Promise.resolve(false);
const retention = {
  ...{ retentionDays: 30, keepLast: 0, keepHourly: 0, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 },
  ...{ keepWithinBytes: 0, minKeep: 1 },
};

/** A record of a backup that stands, as far as a cleanup looks at it. */
const recordOf = ({ backupId, target, completedAt }: BackupJson) => ({
  ...{ backupId, target, trigger: 'schedule', database: 'clinic', completedAt: new Date(completedAt), size: 1 },
  ...{ pinned: false, verificationStatus: { verified: true }, verifications: [], use: { kind: null }, place: null },
  ...{ status: 'completed', error: null, commit: null },
});

it('what a cleanup removed before it failed is in the audit log, and is counted', async () => {
  const store = createMemoryStore();
  const backups: BackupJson[] = [];
  for (const days of [0, 1, 2, 31, 32]) backups.push(await putBackup(store, new Date(Date.now() - days * dayMs)));
  const records = new Map(backups.map((backup) => [backup.backupId, recordOf(backup)]));
  const [, , , expired] = backups.map(({ backupId }) => backupId);
  const entries: AuditRecord[] = [];
  const counted: number[] = [];
  const failures: string[] = [];
  const task = {
    ...{ taskId: 'cleanup-1', kind: 'cleanup', correlationId: 'c-1', backupId: null, cleanup: null, failures: 0 },
    ...{ result: null, claim: { fence: 1 } },
  } as unknown as TaskRecord;
  const away = new AppError({ code: 'catalog/refused', stage: 'catalog', message: 'no right' });
  const catalog = {
    tasks: {
      ...{ claim: () => Promise.resolve(task), uses: never, beat: () => Promise.resolve({ state: 'held' }) },
      fail: (_ref: unknown, { error }: { error: AppError }) => {
        failures.push(error.code);
        return Promise.resolve(task);
      },
    },
    backups: {
      completed: () => Promise.resolve([...records.values()]),
      list: () => Promise.resolve({ data: [], total: 0 }),
      latest: () => Promise.resolve([]),
      find: (backupId: string) => Promise.resolve(records.get(backupId) ?? null),
      otherGood: () => Promise.resolve([backups[0]?.backupId]),
      beginDelete: (backupId: string) => {
        if (backupId !== expired) return Promise.reject(away);
        Object.assign(records.get(backupId) ?? {}, { status: 'deleting' });
        return Promise.resolve({});
      },
      deleted: () => Promise.resolve(true),
    },
    ...{ copies: { uses: never }, restores: { uses: never }, drills: { uses: never } },
    audit: { append: (entry: AuditRecord) => Promise.resolve(entries.push(entry)) },
    alerts: { raise: () => Promise.resolve(null) },
    serverTime: () => Promise.resolve(new Date()),
  };
  const log = new WorkerLog(createLog({ service: 'hazina-worker', level: 'silent', version: 'test' }));
  const target = { name: 'clinic', retention, schedule: { cron: '0 2 * * *', timezone: 'UTC' } };
  const parts = {
    ...{ store, storeId: null, catalog, log, clock: systemClock, random: systemRandom, owner: 'w', channels: [] },
    config: {
      ...{ targets: [target], restoreTargets: [], orphanGraceMs: dayMs, recordRetentionDays: 400, attempts: 3 },
      lease: { leaseMs: 60_000, beatMs: 20_000 },
    },
    tuning: { persistPauseMs: 1, persistMostMs: 1 },
    metrics: { retentionDeleted: (count: number) => counted.push(count) },
  };

  await expect(
    new CleanupProcessor(parts as unknown as WorkerParts).process({ taskId: 'cleanup-1' }, noAbort),
  ).rejects.toMatchObject({ code: 'catalog/refused' });
  expect(failures).toEqual(['catalog/refused']);
  expect(entries).toMatchObject([
    { event: 'retention_delete', resource: 'cleanup-1', correlationId: 'c-1', detail: `1: ${expired ?? ''}` },
  ]);
  expect(counted).toEqual([1]);
});
