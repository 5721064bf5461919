import { isDeepStrictEqual } from 'node:util';
import { AppError, type BackupJson, type Manifest } from '#contracts';

/**
 * Every field that `backup.json` and the sealed manifest both have must be equal, and `backup.json` has no field that the manifest lacks: what is plain in the
 * bucket is believed only because the sealed copy says the same (spec/objects.md).
 */
export function compareWithManifest(backup: BackupJson, manifest: Manifest): void {
  const plain = comparable(backup);
  const sealed: Record<string, unknown> = { ...manifest, objects: { data: manifest.objects.data } };
  const differing = Object.keys(plain).filter((field) => !isDeepStrictEqual(plain[field], sealed[field]));
  if (differing.length > 0)
    throw mismatch(backup.backupId, `${differing.join(', ')} in backup.json`, 'the sealed manifest says otherwise');
}

export function mismatch(backupId: string, what: string, why: string): AppError {
  return new AppError({
    code: 'backup/mismatch',
    stage: 'open',
    message: `${backupId}: ${what} cannot be trusted: ${why}`,
    hint: 'A file of this backup was edited, or swapped with that of another one. Restore another backup, and find out who can write to the store',
  });
}

function comparable(backup: BackupJson): Record<string, unknown> {
  const { schema: _schema, objects, ...rest } = backup;
  const { manifest: _manifest, ...others } = objects;
  return { ...rest, objects: others };
}
