import { at, claim, ends, error, firstIds, sha256, storeId, unclaimed } from './first-parts.js';

// Documents as the first version of each collection's schema stored them: what later versions added is not there.

const backupId = firstIds.backup;

const run = { correlationId: 'of-the-first', requestedBy: 'ada', failures: 0, jobNumber: 1, nextAttemptAt: null };
export const restore = {
  ...{
    restoreId: firstIds.restore,
    backupId,
    targetName: 'staging',
    mode: 'scratch',
    databases: ['clinic'],
    include: [],
  },
  ...{ exclude: [], rename: [{ from: 'clinic', to: 'clinic_copy' }], onConflict: 'fail', ignoreWrites: false },
  ...{
    ...run,
    ...ends,
    dryRun: false,
    status: 'completed',
    createdAt: at(0),
    role: 'admin',
    phase: null,
    safety: null,
  },
  progress: {
    ...{ stage: 'load', documents: 3, bytes: 900, expectedDocuments: null, expectedBytes: null, bytesPerSecond: 1 },
    ...{
      namespaces: [{ name: 'clinic.patients', documents: 3, expectedDocuments: null, done: true }],
      updatedAt: at(2),
    },
  },
  report: {
    ...{ dryRun: false, outcome: 'restored', warnings: [], documents: 3, durationMs: 10 },
    namespaces: [
      {
        ...{ from: null, db: 'clinic', collection: 'patients', type: null, action: null, documents: null, bytes: null },
        ...{ indexes: null, differences: [], durationMs: null },
      },
    ],
  },
  ...{ claim, cancelRequestedAt: null, alertDue: false },
};

export const drill = {
  ...{ drillId: firstIds.drill, status: 'completed', trigger: 'manual', choice: 'asked', slot: null, target: 'clinic' },
  ...{
    ...run,
    ...ends,
    backupId,
    targetName: 'staging',
    createdAt: at(0),
    stage: null,
    claim,
    cancelRequestedAt: null,
  },
  report: {
    ...{ outcome: 'different', warnings: [], documents: 3, bytes: 900, restoreMs: 3, compareMs: 4 },
    namespaces: [
      { db: 'clinic', collection: 'patients', type: 'collection', documents: 3, indexes: 1, differences: [] },
    ],
    queries: [{ name: 'any', count: null, expect: { min: 1, max: null }, ok: false }],
  },
  alertDue: false,
};

export const copy = {
  ...{
    copyId: `${backupId}/offsite`,
    backupId,
    destination: 'offsite',
    target: 'clinic',
    state: 'failed',
    bytes: 4_000,
  },
  ...{ completedAt: at(3), stamp: null, attempts: 1, error, errorMessage: 'no answer', nextAttemptAt: at(9) },
  ...{ copiedAt: null, verifiedAt: null, verifyAt: null, thorough: false, removedAt: null, claim: unclaimed },
};

export const worker = {
  ...{
    workerId: 'worker/12/3f9a',
    version: '0.1.0',
    startedAt: at(0),
    beatAt: new Date(),
    beatSeconds: 20,
    host: 'worker',
  },
  ...{ nodeVersion: 'v24.1.0', tools: { mongodump: '100.18.0' }, keyIds: ['0f3c0f3c0f3c0f3c'], storeId },
  ...{ storeLocation: '/backups', storeFreeBytes: null, storeOk: true, storeDetail: null },
  targets: [
    {
      target: 'clinic',
      reachable: true,
      serverVersion: '8.0.4',
      topology: null,
      detail: null,
      checkedAt: at(1),
      databases: [],
    },
  ],
};

export const audit = {
  ...{ _id: 1, at: at(0), event: 'sensitive_delete', actor: 'ada', role: 'admin', address: null, correlationId: null },
  ...{ resource: backupId, outcome: 'success', detail: null, previousHash: '0'.repeat(64), hash: sha256 },
};
