import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { AppError } from '#contracts';
import { beginningBytes, readRanges, SegmentReader, type Range } from '#crypto';
import { readObject } from '../objects/read-object.js';
import type { OpenArchiveDeps } from '../open-archive.js';
import { mismatch } from '../objects/compare-manifest.js';
import type { ProvenBackup } from '../objects/prove-backup.js';

/**
 * Ranges of the plaintext of a proven backup's data object (ascending, apart), one after the other: only the segments that hold them are fetched, neighbours
 * with one request, one request ahead, and each is authenticated before a byte of it is given out. Every request names the version that was proven, so an
 * object that is put in its place meanwhile is `backup/mismatch`; its size is the manifest's.
 */
export function storedRanges(
  { store, ring }: OpenArchiveDeps,
  { backup, dataKey, dataEtag, dataSidecar }: ProvenBackup,
  ranges: readonly Range[],
  signal: AbortSignal,
): Readable {
  const { data } = backup.objects;
  const get = (start: number, end: number): Readable => {
    const stream = readObject(store, dataKey, { start, bytes: end, ifMatch: dataEtag, signal });
    // Seen by whoever reads it; the request of the next run may fail before anybody does.
    stream.on('error', () => undefined);
    stream.read(0);
    return stream;
  };
  const read = async function* (): AsyncGenerator<Buffer> {
    const reader = await SegmentReader.open(await buffer(get(0, Math.min(beginningBytes, data.bytes))), {
      ring,
      expect: { kind: 'mongodump-archive', backupId: backup.backupId },
      bytes: data.bytes,
      ...(dataSidecar === undefined ? {} : { sidecar: dataSidecar }),
    });
    try {
      if (reader.header.fileId !== data.fileId)
        throw mismatch(backup.backupId, data.key, 'its fileId is not the one in backup.json');
      yield* readRanges(reader, ranges, get);
    } finally {
      reader.wipe();
    }
  };
  const translated = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* read();
    } catch (error) {
      if (error instanceof AppError && error.code === 'store/precondition-failed')
        throw mismatch(backup.backupId, data.key, 'it was replaced while it was read');
      throw error;
    }
  };
  return Readable.from(translated(), { objectMode: false, highWaterMark: 1024 * 1024 });
}
