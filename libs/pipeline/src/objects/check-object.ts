import type { BackupJson, StoredObject } from '#contracts';
import { inspectHeader, segmentAt, type ContainerHeader, type KeyRing, type ReadHeader } from '#crypto';
import type { ObjectStore } from '#storage';
import { mismatch } from './compare-manifest.js';
import { backupFolder } from './keys.js';
import { isContainerError, openStoredHeader, readStoredHeader, type StoredHeader } from './object-headers.js';
import { missingObject } from './read-object.js';

/** What `backup.json` names must lie in the folder of its own attempt. */
export function refuseForeignFolder({ backupId, attempt, objects: { data, manifest } }: BackupJson): void {
  if ([data, manifest].every(({ key }) => key.split('/')[0] === String(attempt))) return;
  throw mismatch(backupId, 'objects in backup.json', `they lie outside the folder of attempt ${attempt}`);
}

export type ObjectKind = ContainerHeader['content']['kind'];

/** Opens an object's header with our keys and compares what it says, proven now, with `backup.json`. */
export async function openObject(
  ring: KeyRing,
  backup: BackupJson,
  object: StoredObject,
  kind: ObjectKind,
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
  kind: ObjectKind,
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

function compareHeader(backup: BackupJson, object: StoredObject, kind: ObjectKind, header: ContainerHeader): void {
  const { backupId, content } = backup;
  if (header.backupId !== backupId) throw mismatch(backupId, object.key, `it belongs to ${header.backupId}`);
  if (header.content.kind !== kind) throw mismatch(backupId, object.key, `it holds a ${header.content.kind}`);
  if (header.fileId !== object.fileId) throw mismatch(backupId, object.key, 'its fileId is not the one in backup.json');
  if (kind === 'mongodump-archive' && header.content.compression !== content.compression)
    throw mismatch(backupId, object.key, `its compression is ${header.content.compression}`);
}
