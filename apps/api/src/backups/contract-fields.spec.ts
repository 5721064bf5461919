import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupStates } from '#contracts';

// What programs read of a backup and of the statistics (spec/api.md), and what was added on purpose (docs/decisions/0112): no field comes or goes by accident.

interface Document {
  readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> };
}

const path = join(import.meta.dirname, '../../../../docs/openapi.json');
const { components } = JSON.parse(readFileSync(path, 'utf8')) as Document;
const fieldsOf = (schema: string): string[] => Object.keys(components.schemas[schema]?.properties ?? {}).sort();

const required = [
  ...['backupId', 'status', 'database', 's3Key', 'hash', 'size', 'startedAt', 'completedAt', 'errorMessage'],
  ...['metadata', 'retentionDate', 'verificationStatus'],
];
const specified = [
  ...['target', 'trigger', 'createdAt', 'slot', 'correlationId', 'attempt', 'stage', 'progress', 'engine'],
  ...['compression', 'keyIds', 'label', 'pinned', 'error', 'verifications', 'replicas', 'resources', 'deletedAt'],
];

it.each<[string, readonly string[], readonly string[]]>([
  ['BackupDto', [...required, ...specified], ['consistency', 'part', 'place', 'lockedUntil']],
  ['MetadataDto', ['collections', 'totalDocuments', 'totalSize', 'compressionRatio'], []],
  ['CollectionDto', ['name', 'documents', 'bytes'], []],
  ['VerificationStatusDto', ['verified', 'verifiedAt', 'verificationHash'], ['level']],
  [
    'ProgressDto',
    ['stage', 'archiveBytes', 'storedBytes', 'documents', 'estimatedBytes', 'bytesPerSecond', 'updatedAt'],
    [],
  ],
  ['VerificationDto', ['verificationId', 'level', 'status', 'startedAt', 'completedAt', 'error'], []],
  ['RecordedErrorDto', ['code', 'stage', 'retryable', 'hint'], []],
  ['ResourcesDto', ['cpuSeconds', 'peakRssBytes', 'archiveBytesPerSecond'], ['eventLoopDelayMs']],
  ['LinksDto', ['self', 'events', 'download', 'verify'], ['restore']],
  [
    'StatisticsDto',
    [
      ...['total', 'byStatus', 'successRate', 'failureRate', 'storageBytes', 'averageSize', 'averageDurationMs'],
      ...['durationPercentilesMs', 'lastBackupAt', 'lastSuccessAt', 'lastVerifiedAt', 'quota', 'targets', 'perDay'],
    ],
    [],
  ],
  ['QuotaDto', ['bytes', 'used', 'state'], ['policy', 'growthPerDay', 'daysUntilFull', 'daysThatFit', 'advice']],
  ['TargetStatsDto', ['target', 'overdue', 'nextRunAt', 'lastSuccessAt'], ['recoveryPoint', 'recoveryTime']],
  ['DayDto', ['date', 'completed', 'failed', 'bytes'], []],
])('%s has the fields of the contract, and those that a decision adds', (schema, contract, added) => {
  expect(fieldsOf(schema)).toEqual([...contract, ...added].sort());
});

it('a backup has the states of the contract', () => {
  expect([...backupStates].sort()).toEqual([
    ...['cancelled', 'completed', 'deleted', 'deleting', 'failed', 'in_progress', 'missing', 'pending'],
  ]);
});
