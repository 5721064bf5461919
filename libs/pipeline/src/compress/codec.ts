import { promisify } from 'node:util';
import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import { AppError, type Compression } from '#contracts';

export type FrameCodec = Exclude<Compression, 'none'>;

const compressors = { zstd: promisify(zstdCompress), gzip: promisify(gzip) };
const decompressors = { zstd: promisify(zstdDecompress), gzip: promisify(gunzip) };

// zlib hands results back in pieces of `chunkSize`, each a trip to the main thread: its default of 16 KiB costs more than the compression saves.
const chunkSize = 2 * 1024 * 1024;

/** One independent frame (a zstd frame or a gzip member) on the thread pool. `level` undefined: the codec's own. */
export async function compressFrame(codec: FrameCodec, frame: Buffer, level: number | undefined): Promise<Buffer> {
  if (codec === 'gzip') return compressors.gzip(frame, { chunkSize, ...(level === undefined ? {} : { level }) });
  return compressors.zstd(frame, {
    chunkSize,
    params: { [constants.ZSTD_c_compressionLevel]: level ?? constants.ZSTD_CLEVEL_DEFAULT },
    pledgedSrcSize: frame.length,
  });
}

/** The archive bytes of one frame; their number is known from the manifest, anything else is damage. */
export async function decompressFrame(
  codec: FrameCodec,
  frame: Buffer,
  archiveBytes: number,
  index: number,
): Promise<Buffer> {
  try {
    const plain = await decompressors[codec](frame, {
      maxOutputLength: archiveBytes,
      // One byte more than needed: zlib takes a full piece for a sign that more follows, and allocates another one.
      chunkSize: Math.max(archiveBytes + 1, 1024),
    });
    if (plain.length === archiveBytes) return plain;
    throw new Error(`it holds ${plain.length} bytes`);
  } catch (error) {
    throw new AppError({
      code: 'compression/corrupt',
      stage: 'decompress',
      message: `Frame ${index} of the archive does not decompress to the ${archiveBytes} bytes that the manifest tells`,
      hint: 'The data and the manifest do not belong together, or one of them is damaged: restore another backup',
      cause: error,
      details: { frame: index },
    });
  }
}
