import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { PassThrough, type Readable, type Transform } from 'node:stream';
import { sniff } from '#archive';
import { AppError, systemCode } from '#contracts';
import { createOpenStream, headerBytes, openHeader, type KeyRing } from '#crypto';
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

export type FileKind = 'sealed' | 'archive' | 'gzip' | 'zstd';

/** A file as a source, and what was odd about its header and its sidecar. */
export interface FileSource extends ArchiveSource {
  readonly warnings: readonly string[];
}

/**
 * What a file is, from its first bytes (`archive/not-an-archive` when it is nothing of ours). Beside a sidecar it is a sealed one, for its own beginning may be
 * damaged beyond recognition.
 */
export async function sniffFile(
  path: string,
  besideSidecar = false,
): Promise<{ kind: FileKind; first: Buffer; bytes: number }> {
  const { first, bytes } = await readBeginning(path);
  const kind = sniff(first);
  if (kind !== 'unknown') return { kind, first, bytes };
  if (besideSidecar) return { kind: 'sealed', first, bytes };
  throw new AppError({
    code: 'archive/not-an-archive',
    stage: 'open',
    message: `${path} is no backup: neither a sealed container, nor a mongodump archive, nor a gzipped one`,
    hint: 'Give a file made by hazina, by mongodump --archive, or by mongodump --archive --gzip',
  });
}

/** A file as a source: sealed container, mongodump archive, or gzipped archive. Of a sealed one the header is opened here. */
export async function fileSource(path: string, options: FileSourceOptions): Promise<FileSource> {
  const { kind, first, bytes } = await sniffFile(path, options.sidecar !== undefined);
  const { decoders, warnings } =
    kind === 'archive'
      ? plain(() => [new PassThrough()])
      : kind === 'gzip' || kind === 'zstd'
        ? plain(() => [streamDecompressor(kind)])
        : await sealed(path, first, options);
  const openFile = (): Promise<Readable> => {
    const read = new CountAndHash((storedBytes) => options.observer.progress({ storedBytes, expectedBytes: bytes }));
    const file = createReadStream(path, { highWaterMark: 1024 * 1024 });
    return Promise.resolve(joined([file, read, ...decoders()], () => undefined));
  };
  return { open: openFile, contents: async () => readContents(await openFile()), warnings };
}

interface Decoding {
  /** Fresh streams from the file's bytes to the plain archive. */
  readonly decoders: () => Transform[];
  readonly warnings: readonly string[];
}

function plain(decoders: () => Transform[]): Decoding {
  return { decoders, warnings: [] };
}

/** Only the header that opened is asked for the compression: file and sidecar may say different things, and one of them may be damaged. */
async function sealed(path: string, first: Buffer, { ring, sidecar }: FileSourceOptions): Promise<Decoding> {
  if (ring === undefined) {
    throw new AppError({
      code: 'keys/none-set',
      stage: 'keys',
      message: `${path} is sealed, and no key is set`,
      hint: 'Set BACKUP_ENCRYPTION_KEY (or BACKUP_ENCRYPTION_KEY_FILE) to the key that sealed it',
    });
  }
  const options = {
    ring,
    expect: { kind: 'mongodump-archive' },
    ...(sidecar === undefined ? {} : { sidecar }),
  } as const;
  const { header, warnings } = await openHeader(first, options);
  return {
    decoders: () => [createOpenStream(options), streamDecompressor(header.content.compression)],
    warnings: warnings.map(({ message }) => `${path}: ${message}`),
  };
}

/** The file's first 4096 bytes (all of a shorter one), and its size. */
async function readBeginning(path: string): Promise<{ first: Buffer; bytes: number }> {
  try {
    const { size } = await stat(path);
    const file = await open(path);
    try {
      const first = Buffer.alloc(headerBytes);
      let filled = 0;
      // One read may give less than was asked for.
      for (let read = -1; read !== 0 && filled < headerBytes; filled += read)
        ({ bytesRead: read } = await file.read(first, filled, headerBytes - filled, filled));
      return { first: first.subarray(0, filled), bytes: size };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(path, error);
  }
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
