import { noHooks, type SourceConfig } from '#config';
import { AppError, type BackupRecord } from '#contracts';
import { restoreTargetOf, type WorkerParts } from '../core/worker-core.js';

/** What the backup of what a restore replaces reads: the restore's own target, and there what its record names. */
export async function safetySource(parts: WorkerParts, backup: BackupRecord): Promise<SourceConfig> {
  const restore = await parts.catalog.restores.ofSafety(backup.backupId);
  const target = restore === null ? undefined : restoreTargetOf(parts.config, restore.targetName);
  const safety = restore?.safety ?? null;
  if (safety === null || target === undefined) throw nobodyAsks(backup);
  const { databases, include } = safety;
  const { compression, throttleBytesPerSecond, storeThrottleBytesPerSecond } = parts.config;
  return {
    ...{ name: backup.target, uri: target.uri, retention: target.retention, databases, include, exclude: [] },
    // The official tool cannot take several chosen namespaces in one run.
    engine: 'native',
    schedule: { cron: null, timezone: 'UTC' },
    drill: { schedule: { cron: null, timezone: 'UTC' }, targetName: null, queries: [] },
    ...{ compression, throttleBytesPerSecond, storeThrottleBytesPerSecond },
    // The hooks of targets know nothing of restores.
    ...{ hooks: noHooks, boundHooks: noHooks },
    replicas: [],
    uriVariable: '',
  };
}

function nobodyAsks({ backupId }: BackupRecord): AppError {
  return new AppError({
    code: 'target/unknown',
    stage: 'config',
    message: `No restore waits for ${backupId} any more, or this worker does not know its target`,
    hint: 'Give all processes the same RESTORE_TARGETS',
  });
}
