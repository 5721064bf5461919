import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { BackupJson, Manifest } from '#contracts';
import type { KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';
import { checkObject, openObject } from './check-object.js';
import { compareWithManifest, mismatch } from './compare-manifest.js';
import { judgeHash } from './judge-hash.js';
import { mostManifestBytes, openManifest } from './manifest-file.js';
import { warningTexts } from './object-headers.js';
import { readObject } from './read-object.js';

/** The sealed manifest of a backup, opened and compared with `backup.json`. */
export async function proveManifest(
  deps: { store: ObjectStore; ring: KeyRing },
  backup: BackupJson,
  isRecorded: boolean,
  signal: AbortSignal,
): Promise<{ readonly manifest: Manifest; readonly warnings: readonly string[] }> {
  const { backupId } = backup;
  const { manifest: object } = backup.objects;
  const stored = await checkObject(deps.store, backup, object, 'manifest', signal);
  if (object.bytes > mostManifestBytes) {
    throw mismatch(backupId, object.key, `a manifest of ${object.bytes} bytes is impossible`);
  }
  const header = await openObject(deps.ring, backup, object, 'manifest', stored);
  const sealed = await buffer(readObject(deps.store, stored.key, { bytes: object.bytes, signal }));
  const manifest = await openManifest(sealed, backupId, {
    ring: deps.ring,
    ...(stored.sidecar === undefined ? {} : { sidecar: stored.sidecar }),
  });
  compareWithManifest(backup, manifest);
  // Last, for the container names a flipped bit with its segment, and the comparison another backup's manifest.
  const sha256 = createHash('sha256').update(sealed).digest('hex');
  const damage = judgeHash(backup, object, sha256, header, isRecorded);
  return { manifest, warnings: [...warningTexts(stored, header), ...(damage === undefined ? [] : [damage])] };
}
