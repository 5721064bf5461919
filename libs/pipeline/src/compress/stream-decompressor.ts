import { PassThrough, type Transform } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { gunzipStream } from '#archive';
import { AppError, systemCode, type Compression } from '#contracts';

/** Decompresses without a manifest: one core, any frames. Trailing bytes, cuts and damage are errors of the stream. */
export function streamDecompressor(compression: Compression): Transform {
  if (compression === 'none') return new PassThrough();
  if (compression === 'gzip') return gunzipStream();
  return createZstdDecompress({ chunkSize: 1024 * 1024 });
}

/** zlib's errors as ours; every other error as it is. */
export function translateZlibError(error: unknown): unknown {
  const code = systemCode(error) ?? '';
  if (code === 'Z_BUF_ERROR') return damaged('compression/truncated', 'ends in the middle', error);
  if (/^(Z_|ZSTD_)/.test(code)) return damaged('compression/corrupt', 'is damaged', error);
  return error;
}

function damaged(code: 'compression/truncated' | 'compression/corrupt', what: string, cause: unknown): AppError {
  return new AppError({
    code,
    stage: 'decompress',
    message: `The compressed archive inside the container ${what}`,
    hint: 'Restore another backup',
    cause,
  });
}
