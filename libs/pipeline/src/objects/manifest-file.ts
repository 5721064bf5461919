import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  AppError,
  manifest as manifestSchema,
  parseJson,
  type BackupFacts,
  type Manifest,
  type StoredObject,
} from '#contracts';
import { createSealer, openAll, type KeyRing, type Sealer, type SealOptions } from '#crypto';
import type { ObjectStore } from '#storage';
import { readObject } from './read-object.js';
import { mostFrames } from '../compress/frame-plan.js';
import type { BackupDeps, WrittenData } from '../backup-types.js';

import { namespaceJson } from './archive-facts.js';
import { backupFolder, relativeKeys } from './keys.js';
import { openStoredHeader, readStoredHeader } from './object-headers.js';

/** A manifest above this is refused: far more than 65,536 frames and a million blocks take. */
export const mostManifestBytes = 1024 * 1024 * 1024;

export interface ManifestContents {
  readonly facts: BackupFacts;
  readonly data: WrittenData;
  readonly warnings: readonly string[];
  readonly sealer: Sealer;
}

/** What a manifest is sealed with; made before the dump, so that a key service that is away at its end costs no hours of work. */
export function sealerOfManifest(
  deps: Pick<SealOptions, 'ring' | 'clock' | 'random' | 'scryptCost'>,
  backupId: string,
  kdfSalt: string,
): Promise<Sealer> {
  const { ring, clock, random, scryptCost } = deps;
  const content = { kind: 'manifest', compression: 'zstd' } as const;
  return createSealer({
    ...{ content, backupId, ring, kdfSalt, clock, random },
    ...(scryptCost === undefined ? {} : { scryptCost }),
  });
}

/** Seals and puts the manifest: every field of `backup.json` but `objects.manifest`, the namespaces, and the index of frames and blocks. */
export async function writeManifest(
  deps: BackupDeps,
  contents: ManifestContents,
  signal: AbortSignal,
): Promise<StoredObject> {
  const { backupId, attempt } = contents.facts;
  const { sealer } = contents;
  return putManifest(deps.store, { backupId, attempt, text: encodeManifest(contents), sealer }, signal);
}

/** Seals and puts the text of a manifest. */
export async function putManifest(
  store: ObjectStore,
  { backupId, attempt, text, sealer }: { backupId: string; attempt: number; text: string; sealer: Sealer },
  signal: AbortSignal,
): Promise<StoredObject> {
  const sealed = sealer.sealAll(await promisify(zstdCompress)(Buffer.from(text)));
  const key = relativeKeys(attempt).manifest;
  await store.put(`${backupFolder(backupId)}${key}`, Readable.from([sealed], { objectMode: false }), {
    signal,
    ifNoneMatch: true,
    lock: true,
    expectedBytes: sealed.length,
  });
  const sha256 = createHash('sha256').update(sealed).digest('hex');
  return { key, bytes: sealed.length, sha256, fileId: sealer.fileId };
}

/** The manifest inside its sealed bytes. */
export async function openManifest(sealed: Buffer, backupId: string, options: OpenManifest): Promise<Manifest> {
  const text = await openManifestText(sealed, backupId, options);
  const hint =
    'It was opened whole, so it was written like this, perhaps by a newer version: update Hazina and verify the backup';
  return parseJson(manifestSchema, text, { code: 'backup/mismatch', stage: 'open', what: nameOf(backupId), hint });
}

export interface OpenManifest {
  readonly ring: KeyRing;
  readonly sidecar?: Buffer;
}

/** The same as it was written: parsed and encoded again it would lose the order of some names. */
export async function openManifestText(sealed: Buffer, backupId: string, options: OpenManifest): Promise<Buffer> {
  const opened = await openAll(sealed, { ...options, expect: { kind: 'manifest', backupId } });
  return opened.header.content.compression === 'zstd' ? unpack(opened.plaintext, nameOf(backupId)) : opened.plaintext;
}

function nameOf(backupId: string): string {
  return `The manifest of ${backupId}`;
}

/** The manifest of an attempt and its object as `backup.json` would name it, by what lies in the store alone. Whether the rest agrees is `provePapers`' to say. */
export async function readSealedManifest(
  { store, ring }: { readonly store: ObjectStore; readonly ring: KeyRing },
  backupId: string,
  attempt: number,
  signal: AbortSignal,
): Promise<{ readonly manifest: Manifest; readonly object: StoredObject }> {
  const key = relativeKeys(attempt).manifest;
  const fullKey = `${backupFolder(backupId)}${key}`;
  const bytes = (await store.head(fullKey, signal))?.bytes ?? 0;
  if (bytes === 0 || bytes > mostManifestBytes)
    throw new AppError({
      code: 'backup/damaged',
      stage: 'open',
      message: `${fullKey} has ${bytes} bytes, which is no manifest`,
      hint: 'Restore another backup, or bring the object back (versions, replicas). The data file itself is still restored by hazina restore FILE',
    });
  const stored = await readStoredHeader(store, fullKey, bytes, signal);
  const { header } = await openStoredHeader(stored, { ring, expect: { kind: 'manifest', backupId } });
  const sealed = await buffer(readObject(store, fullKey, { bytes, signal }));
  const { sidecar } = stored;
  const manifest = await openManifest(sealed, backupId, { ring, ...(sidecar === undefined ? {} : { sidecar }) });
  const sha256 = createHash('sha256').update(sealed).digest('hex');
  return { manifest, object: { key, bytes, sha256, fileId: header.fileId } };
}

async function unpack(plaintext: Buffer, what: string): Promise<Buffer> {
  try {
    return await promisify(zstdDecompress)(plaintext, { maxOutputLength: mostManifestBytes });
  } catch (cause) {
    throw new AppError({
      code: 'compression/corrupt',
      stage: 'open',
      message: `${what} cannot be decompressed`,
      hint: 'It opened with the key and is damaged inside: restore another backup, and report this, with hazina doctor, as a defect',
      cause,
    });
  }
}

function encodeManifest({ facts, data, warnings }: ManifestContents): string {
  const head = JSON.stringify({ ...facts, schema: 'hazina-manifest/1', objects: { data: data.object } });
  const namespaces = data.archive.namespaces.map(namespaceJson).join(',\n');
  // Readers work without the index, only slower; with more frames than a manifest may list it is left out.
  const indexed = data.frames.length <= mostFrames ? { frames: data.frames, blocks: mergeBlocks(data) } : {};
  const index = JSON.stringify({ warnings, ...indexed });
  return `${head.slice(0, -1)},\n"namespaces":[${namespaces}],\n${index.slice(1)}`;
}

/** Neighbours of one namespace within a frame are merged: a reader fetches whole frames anyway. */
function mergeBlocks({ archive, frames }: WrittenData): [number, number, number][] {
  const merged: [number, number, number][] = [];
  let frame = 0;
  let frameEnd = frames[0]?.[0] ?? 0;
  for (const [namespace, offset, bytes] of archive.blocks ?? []) {
    while (offset >= frameEnd && frame < frames.length) frameEnd += frames[(frame += 1)]?.[0] ?? 0;
    const last = merged.at(-1);
    const touches = last?.[0] === namespace && last[1] + last[2] === offset && offset + bytes <= frameEnd;
    if (touches) last[2] += bytes;
    else merged.push([namespace, offset, bytes]);
  }
  return merged;
}
