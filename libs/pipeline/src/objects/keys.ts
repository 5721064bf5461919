import { targetOfBackupId } from '#contracts';

// Every key below the prefix (spec/objects.md). Made of ids alone: no database, collection or user text ever becomes part of a key.

export const storeIdentityKey = 'hazina.json';

/** What the sweeper remembers, where no catalogue does. */
export const sightingsKey = '_hazina/sightings.json';

/** `<target>/<backupId>/`. */
export function backupFolder(backupId: string): string {
  const target = targetOfBackupId(backupId);
  if (target === undefined) throw new Error(`not a backup id: ${backupId}`);
  return `${target}/${backupId}/`;
}

export function backupJsonKey(backupId: string): string {
  return `${backupFolder(backupId)}backup.json`;
}

export function marksKey(backupId: string): string {
  return `${backupFolder(backupId)}marks.json`;
}

/** `<target>/<backupId>/<attempt>/`. */
export function attemptFolder(backupId: string, attempt: number): string {
  return `${backupFolder(backupId)}${attempt}/`;
}

export function leaseKey(backupId: string, attempt: number): string {
  return `${attemptFolder(backupId, attempt)}lease.json`;
}

/** Keys of an attempt's objects as `backup.json` writes them: relative to the backup's folder. */
export function relativeKeys(attempt: number): { data: string; manifest: string } {
  return { data: `${attempt}/data.hzn`, manifest: `${attempt}/manifest.hzn` };
}

/** The header sidecar of an object, where a key rotation left one. */
export function sidecarKey(objectKey: string): string {
  return objectKey.replace(/data\.hzn$/, 'header.hzn').replace(/manifest\.hzn$/, 'manifest.header.hzn');
}
