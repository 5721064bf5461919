import type { Document } from 'mongodb';
import { slotBackupId } from '#contracts';

export const targetNames = Array.from({ length: 10 }, (_, index) => `target-${index}`);
const collections = 20;
const never = new Date(0);

/** What a record of a catalogue that has run for some years looks like: most of them deleted, one in twenty failed. */
export function backupDocument(number: number, records: number): Document {
  const target = targetNames[number % targetNames.length] ?? '';
  // Half an hour apart, the last one now.
  const createdAt = new Date(Math.floor(Date.now() / 1000) * 1000 - (records - number) * 1_800_000);
  const startedAt = new Date(createdAt.getTime() + 400);
  const completedAt = new Date(startedAt.getTime() + 60_000 + ((number * 7919) % 600_000));
  const status = number % 20 === 7 ? 'failed' : number < records * 0.7 ? 'deleted' : 'completed';
  const good = status !== 'failed';
  const size = 1_000_000 + ((number * 104_729) % 90_000_000);
  const backupId = slotBackupId(target, createdAt);
  return {
    ...{ backupId, target, trigger: number % 50 === 3 ? 'manual' : 'schedule', status, createdAt, slot: createdAt },
    ...{ correlationId: `bench-${number}`, database: 'clinic', label: null, pinned: false },
    ...{ s3Key: good ? `${target}/${backupId}/1/data.hzn` : null, hash: good ? 'a'.repeat(64) : null },
    ...{ size: good ? size : null, startedAt, completedAt },
    errorMessage: good ? null : 'The server to back up cannot be reached',
    error: good ? null : { code: 'source/unreachable', stage: 'probe', retryable: true, hint: 'Is it running?' },
    metadata: good ? metadataOf(size) : null,
    retentionDate: null,
    verificationStatus: { verified: good, verifiedAt: good ? completedAt : null, verificationHash: 'a'.repeat(64) },
    ...{ failures: 0, stage: null, progress: null, engine: { name: 'native', version: '1.0.0' }, compression: 'zstd' },
    ...{ keyIds: ['0123456789abcdef'], verifications: [], warnings: [], resources: null },
    events: ['created', 'claimed', 'stage', 'stage', 'committed', 'completed'].map((type) => ({
      ...{ at: completedAt, type, message: `${type} by bench/1/abcdef` },
    })),
    ...{ deletedAt: status === 'deleted' ? completedAt : null, lastProvenAt: completedAt, storeId: 'f'.repeat(32) },
    claim: { fence: 1, owner: 'bench/1/abcdef', beat: 7, lost: 0 },
    ...{ jobNumber: 1, nextAttemptAt: null, cancelRequestedAt: null },
    commit: good ? { attempt: 1, bytes: 'x'.repeat(1200) } : null,
    marks: { wanted: 0, written: 0 },
    ...{ listed: status !== 'deleted', verifyFrom: good ? completedAt : never, verificationFailed: false },
    ...{ alertDue: false, marksBehind: false },
  };
}

function metadataOf(size: number): Document {
  return {
    collections: Array.from({ length: collections }, (_, index) => ({
      ...{ name: `clinic.collection-${index}`, documents: 1000 * index, bytes: size },
    })),
    ...{ totalDocuments: 190_000, totalSize: size * 20, compressionRatio: 3.2 },
  };
}
