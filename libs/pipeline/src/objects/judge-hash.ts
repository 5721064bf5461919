import type { BackupJson, StoredObject } from '#contracts';
import type { ReadHeader } from '#crypto';
import { anybodyMaySeal } from './compare-record.js';
import { mismatch } from './compare-manifest.js';

/**
 * Judges the SHA-256 of an object that opened to its last byte. Every byte but the header's own is authenticated then: where the sidecar stood in for the
 * header, another SHA-256 means that only the header inside the object is damaged, which is a warning; else it is `backup/mismatch`. So it is where the record
 * tells the SHA-256 and the header names a recipient: then anybody may have sealed it, and the SHA-256 alone says that nobody did.
 */
export function judgeHash(
  backup: BackupJson,
  object: StoredObject,
  sha256: string,
  { from, header }: Pick<ReadHeader, 'from' | 'header'>,
  isRecorded: boolean,
): string | undefined {
  if (sha256 === object.sha256) return undefined;
  if (from === 'file' || (isRecorded && anybodyMaySeal(header)))
    throw mismatch(backup.backupId, object.key, 'its SHA-256 is not the one in backup.json');
  return `${object.key} of ${backup.backupId}: the header inside it is damaged; what it holds was opened by its sidecar, and is whole`;
}
