import { pipeline, Transform, type Readable, type TransformCallback } from 'node:stream';
import { AppError, type Compression, type Frame } from '#contracts';
import { createOpenStream, type KeyRing, type ReadHeader } from '#crypto';
import type { ObjectStore } from '#storage';
import { readObject } from './objects/read-object.js';
import { FrameDecompressor } from './compress/frame-decompressor.js';
import { streamDecompressor, translateZlibError } from './compress/stream-decompressor.js';
import { CountAndHash } from './count-and-hash.js';
import { judgeHash } from './objects/judge-hash.js';
import type { ProvenBackup } from './objects/prove-backup.js';

export interface OpenArchiveDeps {
  readonly store: ObjectStore;
  readonly ring: KeyRing;
}

export interface OpenArchiveOptions {
  readonly signal: AbortSignal;
  readonly onStoredBytes?: (bytes: number) => void;
  /** Told of damage that takes nothing from the archive, before the stream ends. */
  readonly onWarning?: (text: string) => void;
}

/**
 * The plain archive of a proven backup: get → hash → open → decompress (several frames at once). The stream ends only after size and SHA-256 of the object
 * agreed with `backup.json`; anything else destroys it with the error.
 */
export function openArchive(deps: OpenArchiveDeps, proven: ProvenBackup, options: OpenArchiveOptions): Readable {
  const { stages, atEnd } = sealedStages(deps, proven, options);
  return joined([...stages, decompressor(proven.backup.content.compression, proven.manifest.frames)], atEnd);
}

/** The same still compressed: what was sealed, byte for byte. */
export function openSealed(deps: OpenArchiveDeps, proven: ProvenBackup, options: OpenArchiveOptions): Readable {
  const { stages, atEnd } = sealedStages(deps, proven, options);
  return joined(stages, atEnd);
}

interface SealedStages {
  readonly stages: readonly [Readable, ...Transform[]];
  readonly atEnd: () => void;
}

function sealedStages(
  deps: OpenArchiveDeps,
  { backup, dataKey, dataSidecar, isRecorded }: ProvenBackup,
  options: OpenArchiveOptions,
): SealedStages {
  const { data } = backup.objects;
  const source = readObject(deps.store, dataKey, { bytes: data.bytes, signal: options.signal });
  const stored = new CountAndHash(options.onStoredBytes);
  const opened = createOpenStream({
    ring: deps.ring,
    expect: { kind: 'mongodump-archive', backupId: backup.backupId },
    ...(dataSidecar === undefined ? {} : { sidecar: dataSidecar }),
  });
  let header: ReadHeader | undefined;
  opened.opened.then((read) => (header = read)).catch(() => undefined);
  const atEnd = (): void => {
    if (header === undefined) throw new Error('the container ended before its header was opened');
    const damage = judgeHash(backup, data, stored.sha256, header, isRecorded);
    if (damage !== undefined) options.onWarning?.(damage);
  };
  return { stages: [source, stored, opened], atEnd };
}

/** Parallel where the manifest lists the frames, else one after the other. */
export function decompressor(compression: Compression, frames: readonly Frame[] | undefined): Transform {
  if (compression === 'none' || frames === undefined || frames.length === 0) return streamDecompressor(compression);
  return new FrameDecompressor(compression, frames);
}

/**
 * A chain of streams as one Readable: an error anywhere destroys it with that error, as one of ours; `atEnd` may still refuse before it ends. Giving it up,
 * read or unread, gives up the whole chain.
 */
export function joined(stages: readonly [Readable, ...Transform[]], atEnd: () => void): Readable {
  const end = new EndOfChain(atEnd);
  // An error is the reader's to see, whenever it looks: it is none of the process when nobody does yet.
  end.on('error', () => undefined);
  pipeline([...stages, end], () => undefined);
  return end;
}

class EndOfChain extends Transform {
  constructor(private readonly atEnd: () => void) {
    super({ writableHighWaterMark: 1024 * 1024, readableHighWaterMark: 1024 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    try {
      this.atEnd();
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error === null ? null : AppError.from(translateZlibError(error), 'open'));
  }
}
