import { backupId } from '../backups/backup.examples.js';

const sha256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const correlationId = '5f0c9a1e2b7d4c3896a1b2c3d4e5f607';
const times = {
  began: '2026-11-23T02:00:01.000Z',
  ended: '2026-11-23T02:03:20.000Z',
  now: '2026-11-23T09:00:00.000Z',
  next: '2026-11-24T02:00:00.000Z',
};

/** What properties of replies and bodies show in examples by their name, where they have no example of their own: one backup that went well, and nothing that is wrong. */
export const exampleValues: Readonly<Record<string, unknown>> = {
  ...{ backupId, correlationId, hash: sha256, sha256, verificationHash: sha256, database: 'clinic' },
  ...{
    status: 'completed',
    s3Key: `mongodb-backups/clinic/${backupId}/1/data.hzn`,
    requestedBy: 'ada',
    host: 'worker-1',
  },
  // Times.
  ...{ createdAt: '2026-11-23T02:00:00.000Z', slot: '2026-11-23T02:00:00.000Z', startedAt: times.began },
  ...{
    completedAt: times.ended,
    lastSuccessAt: times.ended,
    lastBackupAt: times.ended,
    lastSlot: '2026-11-23T02:00:00.000Z',
  },
  ...{
    verifiedAt: times.ended,
    lastVerifiedAt: times.ended,
    copiedAt: times.ended,
    updatedAt: times.ended,
    at: times.ended,
  },
  ...{ checkedAt: times.now, beatAt: times.now, lookedAt: times.now, time: times.now, nextRunAt: times.next },
  ...{ until: times.next, expiresAt: times.next, endsAt: times.next, retentionDate: '2026-12-23T02:03:20.000Z' },
  // Numbers.
  ...{ size: 82_763_881, averageSize: 82_763_881, storedBytes: 82_763_881, storageBytes: 2_482_916_430 },
  ...{ used: 2_482_916_430, bytes: 279_650_000, freedBytes: 82_763_881, archiveBytes: 279_700_000 },
  ...{ documents: 353_000, expectedDocuments: 353_000, expectedBytes: 279_650_000, estimatedBytes: 279_700_000 },
  ...{ bytesPerSecond: 12_000_000, archiveBytesPerSecond: 12_000_000, cpuSeconds: 31.5, peakRssBytes: 190_000_000 },
  ...{ eventLoopDelayMs: 12, averageDurationMs: 199_000, durationMs: 61_000, restoreMs: 58_000, compareMs: 9_000 },
  ...{ attempt: 1, indexes: 4, count: 353_000, min: 1, removed: 1, found: 30, completed: 1, opened: 30, backups: 30 },
  ...{ unchanged: 30, current: 30, sequence: 4711, ageSeconds: 25_200, milliseconds: 84, clockSkewMs: 3 },
  // Lists.
  ...{ databases: ['clinic'], keyIds: ['0f3c0f3c0f3c0f3c'], nextRuns: [times.next, '2026-11-25T02:00:00.000Z'] },
  // As the notice of a paused schedule tells it.
  ...{ paused: true, pausedAt: '2026-11-23T02:00:00.000Z', pausedBy: 'admin' },
  ...{ reasons: ['daily 1 of 7'] },
  // What is well.
  ...{ verified: true, alive: true, ok: true, done: true, storeOk: true, delivered: true },
  ...{ conditionalCreate: true, conditionalReplace: true, presign: true },
  // What is not the case.
  ...{
    error: null,
    errorMessage: null,
    hint: null,
    advice: null,
    detail: null,
    label: null,
    stage: null,
    phase: null,
    storeDetail: null,
    deletedAt: null,
  },
  ...{ nextAttemptAt: null, lockedUntil: null, safetyBackupId: null, place: null },
};
