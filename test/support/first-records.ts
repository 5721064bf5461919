import { at, claim, ends, error, firstIds, firstKey, sha256, storeId, unclaimed } from './first-parts.js';
import { audit, copy, drill, restore, worker } from './first-runs.js';

// Documents as the first version of each collection's schema stored them: what later versions added is not there.

const waits = { startedAt: null, completedAt: null, errorMessage: null, error: null };
const { backup: backupId, pending: pendingId } = firstIds;

const backup = {
  ...{ backupId, target: 'clinic', trigger: 'manual', status: 'completed', createdAt: at(0), slot: null },
  ...{ correlationId: 'of-the-first', database: 'clinic', s3Key: firstKey, hash: sha256, size: 4_000, ...ends },
  metadata: {
    collections: [{ name: 'clinic.patients', documents: 3, bytes: 900 }],
    ...{ totalDocuments: 3, totalSize: 900, compressionRatio: 2 },
  },
  retentionDate: at(59),
  verificationStatus: { verified: true, verifiedAt: at(4), verificationHash: sha256 },
  ...{ failures: 0, stage: null, engine: { name: 'native', version: '1.0.0' }, compression: 'zstd' },
  progress: {
    ...{ stage: 'dump', archiveBytes: 900, storedBytes: 450, documents: 3, estimatedBytes: null },
    ...{ bytesPerSecond: 100, updatedAt: at(1) },
  },
  ...{ keyIds: ['0f3c0f3c0f3c0f3c'], label: null, pinned: false },
  verifications: [
    {
      verificationId: `${backupId}-v1`,
      level: 'readable',
      status: 'completed',
      startedAt: at(3),
      completedAt: at(4),
      error: null,
    },
    {
      ...{ verificationId: `${backupId}-v2`, level: 'stored', status: 'failed', startedAt: at(3), completedAt: at(4) },
      error: { ...error, message: 'no answer' },
    },
  ],
  events: [{ at: at(3), type: 'completed', message: '' }],
  ...{ warnings: [], deletedAt: null, lastProvenAt: at(4), storeId, claim, jobNumber: 1, nextAttemptAt: null },
  resources: { cpuSeconds: 1, peakRssBytes: 1, archiveBytesPerSecond: 1, eventLoopDelayMs: 1 },
  ...{ cancelRequestedAt: null, commit: null, marks: { wanted: 0, written: 0 }, listed: true, verifyFrom: new Date(0) },
  ...{ verificationFailed: false, marksBehind: false },
};

/** Nobody took it: nothing is known. */
const pending = {
  ...{ ...backup, ...waits, backupId: pendingId, target: 'lab', status: 'pending', running: 'lab', database: null },
  ...{ s3Key: null, hash: null, size: null, metadata: null, retentionDate: null, engine: null, compression: null },
  ...{ progress: null, keyIds: [], verifications: [], events: [], lastProvenAt: null, storeId: null, resources: null },
  ...{ claim: unclaimed, verificationStatus: { verified: false, verifiedAt: null, verificationHash: null } },
};

const task = {
  ...{ status: 'completed', createdAt: at(0), ...ends, correlationId: 'of-the-first', backupId: null, level: null },
  ...{ cleanup: null, result: null, failures: 0, claim, jobNumber: 1, nextAttemptAt: null, sequence: null },
};
const tasks = [
  { ...task, taskId: `${backupId}-v1`, kind: 'verify', backupId, level: 'readable', sequence: 1 },
  {
    ...{ ...task, taskId: firstIds.cleanup, kind: 'cleanup', cleanup: { target: null, dryRun: true, confirm: null } },
    result: {
      ...{ dryRun: true, decisions: [{ backupId, decision: 'keep', reasons: ['the newest'] }], removed: 0 },
      ...{ freedBytes: 0, orphansRemoved: 0, recordsPurged: 0, reports: [] },
    },
  },
  {
    ...{ ...task, taskId: firstIds.rotation, kind: 'rotate', rotation: { target: null, dryRun: false } },
    rotated: {
      ...{ dryRun: false, keyIds: ['0f3c0f3c0f3c0f3c'], rotated: 1, current: 0, failed: 1 },
      backups: [
        { backupId, outcome: 'rotated', error: null },
        { backupId: pendingId, outcome: 'failed', error: { code: 'store/unreachable', message: 'no answer' } },
      ],
    },
  },
];

export const firstRecords: Readonly<Record<string, readonly object[]>> = {
  backups: [backup, pending],
  tasks,
  restores: [restore],
  drills: [drill],
  copies: [copy],
  workers: [worker],
  schedules: [{ target: 'clinic', lastSlot: at(0), pausedAt: at(1), pausedBy: 'ada' }],
  auditlog: [audit],
};
