import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { BackupJson, Manifest, StoredObject } from '#contracts';
import { inspectHeader, segmentAt, writeOnly, type ContainerHeader, type KeyRing, type ReadHeader } from '#crypto';
import type { ObjectStore } from '#storage';
import { missingObject, readObject } from './read-object.js';
import { requireBackupJson } from './backup-json-file.js';
import { compareWithRecord, type RecordedObjects } from './compare-record.js';
import { compareWithManifest, mismatch } from './compare-manifest.js';
import { judgeHash } from './judge-hash.js';
import { backupFolder } from './keys.js';
import { mostManifestBytes, openManifest } from './manifest-file.js';
import {
  isContainerError,
  openStoredHeader,
  readStoredHeader,
  warningTexts,
  type StoredHeader,
} from './object-headers.js';

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
  const { backupId } = backup;
  const { data, manifest: sealedManifest } = backup.objects;
  refuseForeignFolder(backup);
  compareWithRecord(backup, recorded);
  const isRecorded = recorded !== null;
  if (!deps.ring.canOpen) throw writeOnly(`${backupId} is opened to be read`);
  const dataObject = await checkObject(deps.store, backup, data, 'mongodump-archive', signal);
  const manifestObject = await checkObject(deps.store, backup, sealedManifest, 'manifest', signal);

  if (sealedManifest.bytes > mostManifestBytes) {
    throw mismatch(backupId, sealedManifest.key, `a manifest of ${sealedManifest.bytes} bytes is impossible`);
  }
  const manifestHeader = await openObject(deps.ring, backup, sealedManifest, 'manifest', manifestObject);
  const sealed = await buffer(readObject(deps.store, manifestObject.key, { bytes: sealedManifest.bytes, signal }));
  const manifest = await openManifest(sealed, backupId, {
    ring: deps.ring,
    ...(manifestObject.sidecar === undefined ? {} : { sidecar: manifestObject.sidecar }),
  });
  compareWithManifest(backup, manifest);
  // Last, for the container names a flipped bit with its segment, and the comparison another backup's manifest.
  const sha256 = createHash('sha256').update(sealed).digest('hex');
  const damage = judgeHash(backup, sealedManifest, sha256, manifestHeader, isRecorded);
  const dataHeader = await openObject(deps.ring, backup, data, 'mongodump-archive', dataObject);
  return {
    backup,
    manifest,
    dataKey: dataObject.key,
    dataEtag: dataObject.etag,
    dataHeader: dataHeader.header,
    dataSidecar: dataObject.sidecar,
    isRecorded,
    warnings: [
      ...warningTexts(manifestObject, manifestHeader),
      ...(damage === undefined ? [] : [damage]),
      ...warningTexts(dataObject, dataHeader),
    ],
  };
}

/** What `backup.json` names must lie in the folder of its own attempt. */
export function refuseForeignFolder({ backupId, attempt, objects: { data, manifest } }: BackupJson): void {
  if ([data, manifest].every(({ key }) => key.split('/')[0] === String(attempt))) return;
  throw mismatch(backupId, 'objects in backup.json', `they lie outside the folder of attempt ${attempt}`);
}

export type ObjectKind = ContainerHeader['content']['kind'];
type Kind = ObjectKind;

/** Opens an object's header with our keys and compares what it says, proven now, with `backup.json`. */
export async function openObject(
  ring: KeyRing,
  backup: BackupJson,
  object: StoredObject,
  kind: Kind,
  stored: StoredHeader,
): Promise<ReadHeader> {
  const opened = await openStoredHeader(stored, { ring, expect: { kind, backupId: backup.backupId } });
  compareHeader(backup, object, kind, opened.header);
  return opened;
}

/** Size and header of one object against `backup.json`, as far as that goes without a key. */
export async function checkObject(
  store: ObjectStore,
  backup: BackupJson,
  object: StoredObject,
  kind: Kind,
  signal: AbortSignal,
): Promise<StoredHeader & { readonly etag: string }> {
  const { backupId } = backup;
  const key = `${backupFolder(backupId)}${object.key}`;
  const head = await store.head(key, signal);
  if (head === null) {
    throw missingObject(`${object.key} of ${backupId}`, store.location);
  }
  if (head.bytes !== object.bytes) {
    const change = head.bytes < object.bytes ? `truncated in ${placeOf(head.bytes)}` : 'grown';
    throw mismatch(
      backupId,
      object.key,
      `it has ${head.bytes} bytes where backup.json says ${object.bytes} (${change})`,
    );
  }
  const stored = await readStoredHeader(store, key, head.bytes, signal);
  const embedded = inspectEmbedded(stored);
  if (embedded !== undefined) compareHeader(backup, object, kind, embedded);
  return { ...stored, etag: head.etag };
}

function placeOf(offset: number): string {
  const segment = segmentAt(offset);
  return segment === undefined ? 'its header' : `segment ${segment}`;
}

/** The header as it stands in the object; undefined when it is damaged: a sidecar may stand in for it, and else the opening reader names the damage. */
function inspectEmbedded({ first }: StoredHeader): ContainerHeader | undefined {
  try {
    return inspectHeader(first);
  } catch (error) {
    if (isContainerError(error)) return undefined;
    throw error;
  }
}

function compareHeader(backup: BackupJson, object: StoredObject, kind: Kind, header: ContainerHeader): void {
  const { backupId, content } = backup;
  if (header.backupId !== backupId) throw mismatch(backupId, object.key, `it belongs to ${header.backupId}`);
  if (header.content.kind !== kind) throw mismatch(backupId, object.key, `it holds a ${header.content.kind}`);
  if (header.fileId !== object.fileId) throw mismatch(backupId, object.key, 'its fileId is not the one in backup.json');
  if (kind === 'mongodump-archive' && header.content.compression !== content.compression)
    throw mismatch(backupId, object.key, `its compression is ${header.content.compression}`);
}
