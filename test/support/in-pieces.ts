import type { Writable } from 'node:stream';

/**
 * Writes bytes to a stream in pieces of `size` and ends it; resolves when all were taken, or when the stream was destroyed. A promise is awaited only where the
 * stream asks for a pause, so that megabytes go through byte by byte within a second.
 */
export async function writeInPieces(stream: Writable, bytes: Buffer, size: number): Promise<void> {
  const step = Math.max(1, Math.min(size, bytes.length));
  for (let at = 0; at < bytes.length && !stream.destroyed; at += step) {
    const piece = step === 1 ? singleBytes[bytes[at] ?? 0] : bytes.subarray(at, at + step);
    if (!stream.write(piece)) await drained(stream);
  }
  if (!stream.destroyed) stream.end();
}

/** One buffer for each byte: making one for each of millions of pieces takes longer than all the rest. */
const singleBytes = Array.from({ length: 256 }, (_, byte) => Buffer.of(byte));

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}
