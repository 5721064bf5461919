import type { BackupJson, Manifest } from '#contracts';
import { writeOnly, type ContainerHeader, type KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';
import { requireBackupJson } from './backup-json-file.js';
import { checkObject, openObject, refuseForeignFolder } from './check-object.js';
import { compareWithRecord, type RecordedObjects } from './compare-record.js';
import { warningTexts } from './object-headers.js';
import { proveManifest } from './prove-manifest.js';

/** A backup whose papers agree: folder, `backup.json`, both headers and the sealed manifest. Its data may still be damaged; that shows while it is read. */
export interface ProvenBackup {
  readonly backup: BackupJson;
  readonly manifest: Manifest;
  readonly dataKey: string;
  /** The version of the data object that was looked at. */
  readonly dataEtag: string;
  /** The header that opened. */
  readonly dataHeader: ContainerHeader;
  readonly dataSidecar: Buffer | undefined;
  /** The catalogue's record names the same objects. */
  readonly isRecorded: boolean;
  readonly warnings: readonly string[];
}

/**
 * What a reader with a key checks before any byte reaches a target (spec/objects.md). `recorded`: what the catalogue says of its objects; null: nobody knows, and
 * the store is believed. Throws `backup/mismatch`, `backup/missing`, `container/…`.
 */
export async function proveBackup(
  deps: { store: ObjectStore; ring: KeyRing },
  backupId: string,
  signal: AbortSignal,
  recorded: RecordedObjects | null = null,
): Promise<ProvenBackup> {
  return provePapers(deps, await requireBackupJson(deps.store, backupId, signal), signal, recorded);
}

/** The same of a `backup.json` that was read, or is about to be written. */
export async function provePapers(
  deps: { store: ObjectStore; ring: KeyRing },
  backup: BackupJson,
  signal: AbortSignal,
  recorded: RecordedObjects | null = null,
): Promise<ProvenBackup> {
  const { data } = backup.objects;
  requireReadable(deps.ring, backup, recorded);
  const isRecorded = recorded !== null;
  const dataObject = await checkObject(deps.store, backup, data, 'mongodump-archive', signal);
  const { manifest, warnings } = await proveManifest(deps, backup, isRecorded, signal);
  const dataHeader = await openObject(deps.ring, backup, data, 'mongodump-archive', dataObject);
  return {
    backup,
    manifest,
    dataKey: dataObject.key,
    dataEtag: dataObject.etag,
    dataHeader: dataHeader.header,
    dataSidecar: dataObject.sidecar,
    isRecorded,
    warnings: [...warnings, ...warningTexts(dataObject, dataHeader)],
  };
}

/** What is looked at before any object is. */
export function requireReadable(ring: KeyRing, backup: BackupJson, recorded: RecordedObjects | null): void {
  refuseForeignFolder(backup);
  compareWithRecord(backup, recorded);
  if (!ring.canOpen) throw writeOnly(`${backup.backupId} is opened to be read`);
}
