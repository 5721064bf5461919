import { AppError, type BackupJson, type BackupRecord } from '#contracts';
import type { ContainerHeader } from '#crypto';
import { parseBackupJson } from './backup-json-file.js';

/** What the catalogue's record says of a backup's objects: whoever can write to a store cannot change it. */
export interface RecordedObjects {
  readonly attempt: number | null;
  readonly dataSha256: string;
  readonly manifestSha256: string | null;
}

/** Null: there is no record, it does not know them, or a commit that is newer than the store's is still to be put. */
export function recordedObjects(
  record: Pick<BackupRecord, 'backupId' | 'hash' | 'commit' | 'commitDue'> | null,
): RecordedObjects | null {
  if (record === null || record.commitDue) return null;
  const { backupId, hash, commit } = record;
  if (commit === null) return hash === null ? null : { attempt: null, dataSha256: hash, manifestSha256: null };
  const { attempt, objects } = parseBackupJson(Buffer.from(commit.bytes), backupId);
  return { attempt, dataSha256: objects.data.sha256, manifestSha256: objects.manifest.sha256 };
}

/**
 * `backup.json` must name the objects that the record names. With a public key anybody can seal something that opens with the private one (docs/container-format.md, "Recipients"):
 * that a backup opens does not tell that it is ours, its SHA-256 in the record does.
 */
export function compareWithRecord({ backupId, attempt, objects }: BackupJson, recorded: RecordedObjects | null): void {
  if (recorded === null) return;
  const { data, manifest } = objects;
  const isOurs =
    data.sha256 === recorded.dataSha256 &&
    (recorded.manifestSha256 === null || manifest.sha256 === recorded.manifestSha256) &&
    (recorded.attempt === null || attempt === recorded.attempt);
  if (isOurs) return;
  const which = recorded.attempt === null ? '' : ` (attempt ${attempt} there, ${recorded.attempt} in the record)`;
  throw new AppError({
    code: 'backup/mismatch',
    stage: 'open',
    message: `${backupId}: backup.json names other objects than the record in the catalogue${which}`,
    hint: 'Somebody replaced this backup in the store, or it was sealed anew without the catalogue (then run hazina catalog sync), or it is a copy from before it was sealed anew. hazina restore reads it by what the store says alone',
  });
}

/** Whether who holds no more than a public key may have made a header: it names a recipient. */
export function anybodyMaySeal({ slots }: ContainerHeader): boolean {
  return slots.some(({ kind }) => kind === 'x25519');
}
