import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { PassThrough, type Readable, type Transform } from 'node:stream';
import { gunzipStream, sniff } from '#archive';
import { AppError, systemCode } from '#contracts';
import { createOpenStream, headerBytes, inspectHeader, type KeyRing } from '#crypto';
import { streamDecompressor } from '../compress/stream-decompressor.js';
import { CountAndHash } from '../count-and-hash.js';
import type { RunObserver } from '../deps.js';
import { joined } from '../open-archive.js';
import { readContents, type ArchiveSource } from './archive-source.js';

export interface FileSourceOptions {
  /** Absent when no key is set: enough for plain and gzipped archives. */
  readonly ring: KeyRing | undefined;
  /** Header sidecar of a sealed file, after a key rotation. */
  readonly sidecar: Buffer | undefined;
  readonly observer: RunObserver;
}

export type FileKind = 'sealed' | 'archive' | 'gzip';

/** What a file is, from its first bytes (`archive/not-an-archive` when it is nothing of ours). */
export async function sniffFile(path: string): Promise<{ kind: FileKind; first: Buffer; bytes: number }> {
  try {
    const { size } = await stat(path);
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
      const first = buffer.subarray(0, bytesRead);
      const kind = sniff(first);
      if (kind !== 'unknown') return { kind, first, bytes: size };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new AppError({
    code: 'archive/not-an-archive',
    stage: 'open',
    message: `${path} is no backup: neither a sealed container, nor a mongodump archive, nor a gzipped one`,
    hint: 'Give a file made by hazina, by mongodump --archive, or by mongodump --archive --gzip',
  });
}

/** A file as a source: sealed container, mongodump archive, or gzipped archive. */
export async function fileSource(path: string, options: FileSourceOptions): Promise<ArchiveSource> {
  const { kind, first, bytes } = await sniffFile(path);
  const decoders = (): Transform[] => {
    if (kind === 'archive') return [new PassThrough()];
    if (kind === 'gzip') return [gunzipStream()];
    return openers(path, first, options);
  };
  const openFile = (): Promise<Readable> => {
    const read = new CountAndHash((storedBytes) => options.observer.progress({ storedBytes, expectedBytes: bytes }));
    const file = createReadStream(path, { highWaterMark: 1024 * 1024 });
    return Promise.resolve(joined([file, read, ...decoders()], () => undefined));
  };
  return { open: openFile, contents: async () => readContents(await openFile()) };
}

function openers(path: string, first: Buffer, { ring, sidecar }: FileSourceOptions): Transform[] {
  if (ring === undefined) {
    throw new AppError({
      code: 'keys/none-set',
      stage: 'keys',
      message: `${path} is sealed, and no key is set`,
      hint: 'Set BACKUP_ENCRYPTION_KEY (or BACKUP_ENCRYPTION_KEY_FILE) to the key that sealed it',
    });
  }
  // A damaged embedded header may be replaced by the sidecar: then that one tells the compression.
  const header = inspectHeader(sidecar ?? first);
  const opened = createOpenStream({
    ring,
    expect: { kind: 'mongodump-archive' },
    ...(sidecar === undefined ? {} : { sidecar }),
  });
  return [opened, streamDecompressor(header.content.compression)];
}

function unreadable(path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (error instanceof AppError || code === undefined) return error;
  return new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message: `${path} cannot be read (${code})`,
    hint: 'Give the path of a file, or the ID of a backup (hazina list)',
    cause: error,
  });
}
