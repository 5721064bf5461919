import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readArchive, IdWatch, type DuplicateIds } from '#archive';
import { AppError, cancelled, type BackupJson, type StoredObject } from '#contracts';
import type { KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';
import { readObject } from './objects/read-object.js';
import { CountAndHash } from './count-and-hash.js';
import type { RunObserver } from './deps.js';
import { openArchive } from './open-archive.js';
import { requireBackupJson } from './objects/backup-json-file.js';
import { compareContents } from './objects/compare-contents.js';
import { mismatch } from './objects/compare-manifest.js';
import { checkObject } from './objects/check-object.js';
import { proveBackup, type ProvenBackup } from './objects/prove-backup.js';
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
  await pipeline(readObject(deps.store, key, { bytes: object.bytes, signal }), stored, nowhere);
  if (stored.sha256 !== object.sha256)
    throw mismatch(backup.backupId, object.key, 'its SHA-256 is not the one in backup.json');
}

async function verifyReadable(
  deps: VerifyDeps,
  { backupId }: VerifyRequest,
  signal: AbortSignal,
): Promise<Verification> {
  if (deps.ring === undefined) throw new Error('verifyReadable was called without a key ring');
  const { ring } = deps;
  return verifyProven({ ...deps, ring }, await proveBackup({ store: deps.store, ring }, backupId, signal), signal);
}

/** Reads the whole archive of a backup whose papers agree: returning is the proof. */
export async function verifyProven(
  deps: Pick<VerifyDeps, 'store'> & { readonly ring: KeyRing; readonly observer: Pick<RunObserver, 'progress'> },
  proven: ProvenBackup,
  signal: AbortSignal,
): Promise<Verification> {
  const warnings = [...proven.warnings];
  const archive = openArchive({ store: deps.store, ring: deps.ring }, proven, {
    signal,
    onWarning: (text) => warnings.push(text),
    onStoredBytes: (storedBytes) => {
      deps.observer.progress({ storedBytes, expectedBytes: proven.backup.objects.data.bytes });
    },
  });
  const ids = new IdWatch();
  const summary = await readArchive(archive, {
    documents: (namespace, run) => ids.documents(namespace, run),
    namespaceEnd: (namespace) => ids.namespaceEnd(namespace),
  });
  compareContents(proven.manifest, summary);
  warnings.push(...ids.found.map(duplicateIds));
  const storedBytes = proven.backup.objects.data.bytes + proven.backup.objects.manifest.bytes;
  return { backup: proven.backup, storedBytes, archiveBytes: summary.archiveBytes, warnings };
}

/** The backup is good, and as its server gave it: a restore only has to be told what to do with it. */
function duplicateIds({ db, collection, count, ids }: DuplicateIds): string {
  const shown = `${ids.join(', ')}${count > ids.length ? ', …' : ''}`;
  return `${db}.${collection} holds ${count} document${count === 1 ? '' : 's'} with an _id that an earlier one has (${shown}): it was written while it was dumped. A restore needs --on-conflict keep-last (onConflict), which keeps the later ones`;
}
