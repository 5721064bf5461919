import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { replaceFields } from '#archive';
import { AppError, cancelled, type BackupJson, type StoredObject } from '#contracts';
import { createSealer } from '#crypto';
import { readObject } from '../objects/read-object.js';
import { CountAndHash } from '../count-and-hash.js';
import { FirstFailure } from '../first-failure.js';
import { openSealed } from '../open-archive.js';
import { confirmObject } from '../objects/confirm.js';
import { backupFolder, relativeKeys } from '../objects/keys.js';
import { openManifestText, putManifest, sealerOfManifest } from '../objects/manifest-file.js';
import { readStoredHeader } from '../objects/object-headers.js';
import { proveBackup, provePapers, type ProvenBackup } from '../objects/prove-backup.js';
import { verifyProven } from '../run-verify.js';
import type { RotateDeps } from '../rotate/rotate-types.js';

export interface SealingAnew {
  readonly backupId: string;
  readonly attempt: number;
  readonly kdfSalt: string;
}

/** The backup as it would be committed, and the text that is still to be. */
export interface SealedAnew {
  readonly before: BackupJson;
  readonly after: BackupJson;
  readonly warnings: readonly string[];
}

/**
 * Both objects of a backup once more, in the folder of a new attempt, under new data keys that the current keys alone open; then the archive is read to its end
 * with these, as a verification does. What was compressed stays as it is, and so do the manifest's words but those that name the new objects. Streams: memory
 * does not grow with the backup. Throws when anything of the old one is not as it should be: then nothing is worth to be sealed.
 */
export async function sealAnew(
  deps: RotateDeps,
  { backupId, attempt, kdfSalt }: SealingAnew,
  signal: AbortSignal,
): Promise<SealedAnew> {
  const { store, ring, observer } = deps;
  const proven = await proveBackup({ store, ring }, backupId, signal);
  const { backup } = proven;
  const warnings = [...proven.warnings];
  observer?.stage('seal');
  const data = await sealData(deps, { proven, attempt, kdfSalt, warn: (text) => warnings.push(text) }, signal);
  await confirmObject(store, backupId, data.object, signal);
  const facts = { attempt, keyIds: [...data.keyIds] };
  const manifest = await sealManifest(deps, { proven, facts, data: data.object, kdfSalt }, signal);
  await confirmObject(store, backupId, manifest, signal);

  observer?.stage('verify');
  const after: BackupJson = { ...backup, ...facts, objects: { ...backup.objects, data: data.object, manifest } };
  const alone = { store, ring: ring.currentOnly() };
  const progress = { progress: observer?.progress.bind(observer) ?? (() => undefined) };
  await verifyProven({ ...alone, observer: progress }, await provePapers(alone, after, signal), signal);
  return { before: backup, after, warnings };
}

interface DataToSeal {
  readonly proven: ProvenBackup;
  readonly attempt: number;
  readonly kdfSalt: string;
  readonly warn: (text: string) => void;
}

async function sealData(
  deps: RotateDeps,
  { proven, attempt, kdfSalt, warn }: DataToSeal,
  signal: AbortSignal,
): Promise<{ readonly object: StoredObject; readonly keyIds: readonly string[] }> {
  const { store, ring, observer } = deps;
  const { backup, dataHeader } = proven;
  const { backupId } = backup;
  const expectedBytes = backup.objects.data.bytes;
  const sealer = await createSealer({ ...sealing(deps, kdfSalt), content: dataHeader.content, backupId });
  const stored = new CountAndHash((storedBytes) => observer?.progress({ storedBytes, expectedBytes }));
  const key = relativeKeys(attempt).data;
  const failure = new FirstFailure();
  const stop = new AbortController();
  const either = AbortSignal.any([stop.signal, signal]);
  const opened = openSealed({ store, ring }, proven, { signal: either, onWarning: warn });
  const passing = pipeline([opened, sealer.stream, stored], { signal: either }).catch((error: unknown) =>
    failure.note(error),
  );
  const upload = store
    .put(`${backupFolder(backupId)}${key}`, stored, {
      signal,
      expectedBytes,
      ifNoneMatch: true,
      lock: true,
      bulk: true,
    })
    .catch((error: unknown) => {
      failure.note(error);
      stop.abort();
    });
  await Promise.all([passing, upload]);
  if (failure.error !== undefined)
    throw signal.aborted ? cancelled(signal, 'seal') : AppError.from(failure.error, 'seal');
  const { bytes, sha256 } = stored;
  return { object: { key, bytes, sha256, fileId: sealer.fileId }, keyIds: sealer.keyIds };
}

interface ManifestToSeal {
  readonly proven: ProvenBackup;
  readonly facts: { readonly attempt: number; readonly keyIds: readonly string[] };
  readonly data: StoredObject;
  readonly kdfSalt: string;
}

async function sealManifest(
  deps: RotateDeps,
  { proven: { backup, manifest }, facts, data, kdfSalt }: ManifestToSeal,
  signal: AbortSignal,
): Promise<StoredObject> {
  const { store, ring } = deps;
  const { backupId } = backup;
  const { key, bytes } = backup.objects.manifest;
  const place = `${backupFolder(backupId)}${key}`;
  const { sidecar } = await readStoredHeader(store, place, bytes, signal);
  const sealed = await buffer(readObject(store, place, { bytes, signal }));
  const text = await openManifestText(sealed, backupId, { ring, ...(sidecar === undefined ? {} : { sidecar }) });
  const fields = {
    attempt: JSON.stringify(facts.attempt),
    keyIds: JSON.stringify(facts.keyIds),
    objects: JSON.stringify({ ...manifest.objects, data }),
  };
  const sealer = await sealerOfManifest(sealing(deps, kdfSalt), backupId, kdfSalt);
  const next = { backupId, attempt: facts.attempt, text: replaceFields(text.toString('utf8'), fields), sealer };
  return putManifest(store, next, signal);
}

/** New files are sealed to the current keys, and read back with these alone. */
function sealing({ store, ring, clock, random, scryptCost }: RotateDeps, kdfSalt: string) {
  return {
    ...{ store, ring: ring.currentOnly(), clock, random, kdfSalt },
    ...(scryptCost === undefined ? {} : { scryptCost }),
  };
}
