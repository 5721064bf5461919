import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { AppError, type BackupJson, type Manifest, type StoredObject } from '#contracts';
import { headerBytes, inspectHeader, openHeader, segmentAt, type ContainerHeader, type KeyRing } from '#crypto';
import { resumingGet, type ObjectStore } from '#storage';
import { requireBackupJson } from './backup-json-file.js';
import { compareWithManifest, mismatch } from './compare-manifest.js';
import { backupFolder, sidecarKey } from './keys.js';
import { mostManifestBytes, openManifest } from './manifest-file.js';

/** A sidecar has 4,096 bytes; one of another size is the crypto lib's to judge. */
const mostSidecarBytes = 1024 * 1024;

/** A backup whose papers agree: folder, `backup.json`, both headers and the sealed manifest. Its data may still be damaged; that shows while it is read. */
export interface ProvenBackup {
  readonly backup: BackupJson;
  readonly manifest: Manifest;
  readonly dataKey: string;
  readonly dataSidecar: Buffer | undefined;
  readonly warnings: readonly string[];
}

/** What a reader with a key checks before any byte reaches a target (spec/objects.md). Throws `backup/mismatch`, `backup/missing`, `container/…`. */
export async function proveBackup(
  deps: { store: ObjectStore; ring: KeyRing },
  backupId: string,
  signal: AbortSignal,
): Promise<ProvenBackup> {
  const backup = await requireBackupJson(deps.store, backupId, signal);
  const { data, manifest: sealedManifest } = backup.objects;
  if (
    data.key.split('/')[0] !== String(backup.attempt) ||
    sealedManifest.key.split('/')[0] !== String(backup.attempt)
  ) {
    throw mismatch(backupId, 'objects in backup.json', `they lie outside the folder of attempt ${backup.attempt}`);
  }
  const dataKey = await checkObject(deps.store, backup, data, 'mongodump-archive', signal);
  const manifestKey = await checkObject(deps.store, backup, sealedManifest, 'manifest', signal);

  if (sealedManifest.bytes > mostManifestBytes) {
    throw mismatch(backupId, sealedManifest.key, `a manifest of ${sealedManifest.bytes} bytes is impossible`);
  }
  const sealed = await buffer(resumingGet(deps.store, manifestKey, { bytes: sealedManifest.bytes, signal }));
  const manifestSidecar = await readSidecar(deps.store, manifestKey, signal);
  const { manifest, warnings } = await openManifest(sealed, backupId, {
    ring: deps.ring,
    ...(manifestSidecar === undefined ? {} : { sidecar: manifestSidecar }),
  });
  compareWithManifest(backup, manifest);
  // Last, for the container names a flipped bit with its segment, and the comparison another backup's manifest.
  if (createHash('sha256').update(sealed).digest('hex') !== sealedManifest.sha256) {
    throw mismatch(backupId, sealedManifest.key, 'its SHA-256 is not the one in backup.json');
  }
  const dataSidecar = await readSidecar(deps.store, dataKey, signal);
  const doubts = dataSidecar === undefined ? [] : await doubtsOfSidecar(deps, backup, dataKey, dataSidecar, signal);
  return { backup, manifest, dataKey, dataSidecar, warnings: [...warnings, ...doubts] };
}

/** No hash of `backup.json` covers a sidecar: one that is damaged is passed over while the header inside the file still opens, and that must be said. */
async function doubtsOfSidecar(
  { store, ring }: { store: ObjectStore; ring: KeyRing },
  { backupId, objects }: BackupJson,
  key: string,
  sidecar: Buffer,
  signal: AbortSignal,
): Promise<string[]> {
  const end = Math.min(headerBytes, objects.data.bytes);
  const first = await buffer(await store.get(key, { start: 0, end }, signal));
  const { warnings } = await openHeader(first, { ring, sidecar, expect: { kind: 'mongodump-archive', backupId } });
  return warnings.map(({ message }) => message);
}

/** Size and header of one object against `backup.json`; needs no key. Returns the object's full key. */
export async function checkObject(
  store: ObjectStore,
  backup: BackupJson,
  object: StoredObject,
  kind: ContainerHeader['content']['kind'],
  signal: AbortSignal,
): Promise<string> {
  const { backupId } = backup;
  const key = `${backupFolder(backupId)}${object.key}`;
  const head = await store.head(key, signal);
  if (head === null) {
    throw new AppError({
      code: 'backup/missing',
      stage: 'open',
      message: `${object.key} of ${backupId} is not in ${store.location}`,
      hint: 'The object was removed from the store: restore another backup, or bring the object back (versions, replicas)',
    });
  }
  if (head.bytes !== object.bytes) {
    const change = head.bytes < object.bytes ? `truncated in ${placeOf(head.bytes)}` : 'grown';
    throw mismatch(
      backupId,
      object.key,
      `it has ${head.bytes} bytes where backup.json says ${object.bytes} (${change})`,
    );
  }
  const header = await readHeader(store, key, head.bytes, signal);
  if (header === undefined) return key;
  if (header.backupId !== backupId) throw mismatch(backupId, object.key, `it belongs to ${header.backupId}`);
  if (header.content.kind !== kind) throw mismatch(backupId, object.key, `it holds a ${header.content.kind}`);
  if (header.fileId !== object.fileId) throw mismatch(backupId, object.key, 'its fileId is not the one in backup.json');
  if (kind === 'mongodump-archive' && header.content.compression !== backup.content.compression) {
    throw mismatch(backupId, object.key, `its compression is ${header.content.compression}`);
  }
  return key;
}

function placeOf(offset: number): string {
  const segment = segmentAt(offset);
  return segment === undefined ? 'its header' : `segment ${segment}`;
}

/** The header as it stands in the object; undefined when it is damaged: a sidecar may stand in for it, and else the opening reader names the damage. */
async function readHeader(
  store: ObjectStore,
  key: string,
  bytes: number,
  signal: AbortSignal,
): Promise<ContainerHeader | undefined> {
  if (bytes < headerBytes) return undefined;
  const region = await buffer(await store.get(key, { start: 0, end: headerBytes }, signal));
  try {
    return inspectHeader(region);
  } catch (error) {
    if (error instanceof AppError && error.code.startsWith('container/')) return undefined;
    throw error;
  }
}

/** The header of a backup's data as it stands now, the sidecar of a key rotation first; null when neither can be read. Proves nothing. */
export async function readHeaderOf(
  store: ObjectStore,
  backup: BackupJson,
  signal: AbortSignal,
): Promise<ContainerHeader | null> {
  const key = `${backupFolder(backup.backupId)}${backup.objects.data.key}`;
  const sidecar = await readSidecar(store, key, signal);
  if (sidecar?.length === headerBytes) return inspectHeader(sidecar);
  const head = await store.head(key, signal);
  return head === null ? null : ((await readHeader(store, key, head.bytes, signal)) ?? null);
}

async function readSidecar(store: ObjectStore, key: string, signal: AbortSignal): Promise<Buffer | undefined> {
  try {
    return (await store.getBytes(sidecarKey(key), mostSidecarBytes, signal)).bytes;
  } catch (error) {
    if (error instanceof AppError && error.code === 'store/no-object') return undefined;
    throw error;
  }
}
