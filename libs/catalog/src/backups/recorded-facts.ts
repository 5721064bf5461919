import { recordedDatabase, recordedPart, type BackupJson, type BackupRecord } from '#contracts';
import type { CompletedFacts } from '../contract/backups.js';

/** The fields of a completed record that its backup tells. */
export function recordedFacts({ backup, s3Key, metadata, warnings, resources, storeId, lockedUntil }: CompletedFacts) {
  const { data } = backup.objects;
  const completedAt = new Date(backup.completedAt);
  return {
    database: recordedDatabase(backup.databases),
    part: recordedPart(backup),
    s3Key,
    hash: data.sha256,
    size: data.bytes,
    startedAt: new Date(backup.startedAt),
    completedAt,
    retentionDate: backup.expiresAt === null ? null : new Date(backup.expiresAt),
    engine: { name: backup.engine.name, version: backup.engine.version },
    consistency: momentOf(backup),
    compression: backup.content.compression,
    keyIds: backup.keyIds,
    lastProvenAt: completedAt,
    ...{ metadata, warnings: [...warnings], resources, storeId },
    ...(lockedUntil === undefined ? {} : { lockedUntil }),
  };
}

/** Without what a later version of `backup.json` may say besides. */
function momentOf({ consistency: { mode, at } }: BackupJson): BackupRecord['consistency'] {
  return { mode, at: at && { t: at.t, i: at.i } };
}
