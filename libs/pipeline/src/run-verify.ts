import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readArchive, crc64Hex, type ArchiveSummary } from '#archive';
import { AppError, cancelled, type BackupJson, type Manifest, type StoredObject } from '#contracts';
import type { KeyRing } from '#crypto';
import { resumingGet, type ObjectStore } from '#storage';
import { CountAndHash } from './count-and-hash.js';
import type { RunObserver } from './deps.js';
import { openArchive } from './open-archive.js';
import { namespaceType } from './objects/archive-facts.js';
import { requireBackupJson } from './objects/backup-json-file.js';
import { mismatch } from './objects/compare-manifest.js';
import { checkObject, proveBackup } from './objects/prove-backup.js';
import { headerWarnings } from './objects/read-header.js';

export interface VerifyDeps {
  readonly store: ObjectStore;
  /** Needed for `readable` only. */
  readonly ring: KeyRing | undefined;
  readonly observer: RunObserver;
}

export interface VerifyRequest {
  readonly backupId: string;
  readonly level: 'stored' | 'readable';
}

/** What a verification has read. It throws for every backup that is not good: returning is the proof. */
export interface Verification {
  readonly backup: BackupJson;
  readonly storedBytes: number;
  /** 0 at level `stored`. */
  readonly archiveBytes: number;
  readonly warnings: readonly string[];
}

/**
 * `stored`: every byte of both objects is read, size and SHA-256 agree with `backup.json`; no key needed.
 * `readable`: besides, they open with our key, decompress, and the archive is whole: structure, CRC and counts as the manifest says.
 */
export async function runVerify(deps: VerifyDeps, request: VerifyRequest, signal: AbortSignal): Promise<Verification> {
  deps.observer.stage('verify');
  try {
    return request.level === 'stored'
      ? await verifyStored(deps, request, signal)
      : await verifyReadable(deps, request, signal);
  } catch (error) {
    throw signal.aborted ? cancelled(signal, 'verify') : AppError.from(error, 'verify');
  }
}

async function verifyStored(deps: VerifyDeps, { backupId }: VerifyRequest, signal: AbortSignal): Promise<Verification> {
  const backup = await requireBackupJson(deps.store, backupId, signal);
  const { data, manifest } = backup.objects;
  const dataObject = await checkObject(deps.store, backup, data, 'mongodump-archive', signal);
  const manifestObject = await checkObject(deps.store, backup, manifest, 'manifest', signal);
  await checkHash(deps, backup, manifestObject.key, manifest, signal);
  await checkHash(deps, backup, dataObject.key, data, signal);
  const warnings = await headerWarnings(manifestObject, dataObject);
  return { backup, storedBytes: data.bytes + manifest.bytes, archiveBytes: 0, warnings };
}

async function checkHash(
  deps: VerifyDeps,
  backup: BackupJson,
  key: string,
  object: StoredObject,
  signal: AbortSignal,
): Promise<void> {
  const stored = new CountAndHash((storedBytes) => {
    deps.observer.progress({ storedBytes, expectedBytes: object.bytes });
  });
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await pipeline(resumingGet(deps.store, key, { bytes: object.bytes, signal }), stored, nowhere);
  if (stored.sha256 !== object.sha256)
    throw mismatch(backup.backupId, object.key, 'its SHA-256 is not the one in backup.json');
}

async function verifyReadable(
  deps: VerifyDeps,
  { backupId }: VerifyRequest,
  signal: AbortSignal,
): Promise<Verification> {
  if (deps.ring === undefined) throw new Error('verifyReadable was called without a key ring');
  const proven = await proveBackup({ store: deps.store, ring: deps.ring }, backupId, signal);
  const warnings = [...proven.warnings];
  const archive = openArchive({ store: deps.store, ring: deps.ring }, proven, {
    signal,
    onWarning: (text) => warnings.push(text),
    onStoredBytes: (storedBytes) => {
      deps.observer.progress({ storedBytes, expectedBytes: proven.backup.objects.data.bytes });
    },
  });
  const summary = await readArchive(archive);
  compareContents(proven.manifest, summary);
  const storedBytes = proven.backup.objects.data.bytes + proven.backup.objects.manifest.bytes;
  return { backup: proven.backup, storedBytes, archiveBytes: summary.archiveBytes, warnings };
}

/** What the archive holds against what the manifest says it holds. */
export function compareContents(manifest: Manifest, archive: ArchiveSummary): void {
  const expected = new Map(
    manifest.namespaces.map((namespace) => [JSON.stringify([namespace.db, namespace.collection]), namespace]),
  );
  const differences: string[] = [];
  for (const found of archive.namespaces) {
    const name = `${found.db}.${found.collection}`;
    const namespace = expected.get(JSON.stringify([found.db, found.collection]));
    expected.delete(JSON.stringify([found.db, found.collection]));
    if (namespace === undefined) differences.push(`${name} is not in the manifest`);
    else if (namespace.documents !== found.documents)
      differences.push(`${name} has ${found.documents} documents, not ${namespace.documents}`);
    else if (namespace.bsonBytes !== found.bsonBytes || namespace.crc64 !== crc64Hex(found.crc64))
      differences.push(`${name} has other documents`);
    else if (namespace.type !== namespaceType(found)) differences.push(`${name} is a ${found.type}`);
  }
  for (const { db, collection } of expected.values()) differences.push(`${db}.${collection} is missing`);
  if (archive.archiveBytes !== manifest.totals.archiveBytes)
    differences.push(`the archive has ${archive.archiveBytes} bytes, not ${manifest.totals.archiveBytes}`);
  if (differences.length > 0) {
    throw mismatch(
      manifest.backupId,
      'the archive',
      `it is not what the manifest describes: ${differences.slice(0, 5).join('; ')}`,
    );
  }
}
