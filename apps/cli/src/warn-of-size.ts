import { AppError, recordedPart, type BackupJson } from '#contracts';
import { comparedBackups, listBackups, sizeAnomaly, type BackupOutcome } from '#pipeline';
import type { ObjectStore } from '#storage';

/** Looked at beside those that are compared: runs that never ended, and backups of something else. */
const others = 9;

/** The outcome with a warning when its size is far from its target's last ones, as a worker gives it; by what stands in the store. The backup is made: nothing here fails it. */
export async function warnOfSize(
  store: ObjectStore,
  outcome: BackupOutcome,
  signal: AbortSignal,
): Promise<BackupOutcome> {
  const { backupId, target, objects } = outcome.backup;
  const warning = await listBackups(store, target, signal, comparedBackups + others).then(
    ({ backups }) => {
      const earlier = backups
        .filter((backup) => backup.backupId !== backupId && isOfSame(backup, outcome.backup))
        .sort((a, b) => Date.parse(b.completedAt) - Date.parse(a.completedAt));
      return sizeAnomaly(
        objects.data.bytes,
        earlier.map(({ objects: { data } }) => data.bytes),
      );
    },
    (error: unknown) => `The size could not be compared with earlier backups: ${AppError.from(error, 'store').message}`,
  );
  return warning === null ? outcome : { ...outcome, warnings: [...outcome.warnings, warning] };
}

/** A part says nothing of the size of all. */
function isOfSame(some: BackupJson, other: BackupJson): boolean {
  const isOfSameDatabases =
    some.databases.length === other.databases.length && some.databases.every((name) => other.databases.includes(name));
  return isOfSameDatabases && recordedPart(some) === recordedPart(other);
}
