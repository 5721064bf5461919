import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream';
import { AppError, type Compression, type Frame } from '#contracts';
import { createOpenStream, type KeyRing } from '#crypto';
import { resumingGet, type ObjectStore } from '#storage';
import { FrameDecompressor } from './compress/frame-decompressor.js';
import { streamDecompressor, translateZlibError } from './compress/stream-decompressor.js';
import { CountAndHash } from './count-and-hash.js';
import { mismatch } from './objects/compare-manifest.js';
import type { ProvenBackup } from './objects/prove-backup.js';

export interface OpenArchiveDeps {
  readonly store: ObjectStore;
  readonly ring: KeyRing;
}

/**
 * The plain archive of a proven backup: get → hash → open → decompress (several frames at once). The stream ends only after size and SHA-256 of the object
 * agreed with `backup.json`; anything else destroys it with the error.
 */
export function openArchive(
  deps: OpenArchiveDeps,
  { backup, manifest, dataKey, dataSidecar }: ProvenBackup,
  options: { signal: AbortSignal; onStoredBytes?: (bytes: number) => void },
): Readable {
  const { data } = backup.objects;
  const source = resumingGet(deps.store, dataKey, { bytes: data.bytes, signal: options.signal });
  const stored = new CountAndHash(options.onStoredBytes);
  const opened = createOpenStream({
    ring: deps.ring,
    expect: { kind: 'mongodump-archive', backupId: backup.backupId },
    ...(dataSidecar === undefined ? {} : { sidecar: dataSidecar }),
  });
  const decompress = decompressor(backup.content.compression, manifest.frames);
  return joined([source, stored, opened, decompress], () => {
    if (stored.sha256 !== data.sha256) {
      throw mismatch(backup.backupId, data.key, 'its SHA-256 is not the one in backup.json');
    }
  });
}

/** Parallel where the manifest lists the frames, else one after the other. */
export function decompressor(compression: Compression, frames: readonly Frame[] | undefined): Transform {
  if (compression === 'none' || frames === undefined || frames.length === 0) return streamDecompressor(compression);
  return new FrameDecompressor(compression, frames);
}

/** A chain of streams as one Readable: an error anywhere destroys it with that error, as one of ours; `atEnd` may still refuse before it ends. */
export function joined(stages: readonly [Readable, ...Transform[]], atEnd: () => void): Readable {
  const last = stages.at(-1) ?? stages[0];
  // pipeline() destroys every stage when one fails, but hands the error over only here.
  pipeline([...stages] as [Readable, ...Transform[]], () => undefined);
  return Readable.from(drain(last, atEnd), { objectMode: false, highWaterMark: 1024 * 1024 });
}

async function* drain(stream: Readable, atEnd: () => void): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw AppError.from(translateZlibError(error), 'open');
  }
  atEnd();
}
