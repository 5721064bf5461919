import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, messageOf, systemCode } from '#contracts';
import { archiveError } from './archive-error.js';
import { gunzipStream } from './gunzip.js';
import { ArchiveReader } from './reader.js';
import type { ArchiveHandler, ArchiveReaderOptions, ArchiveSummary } from './reader-types.js';
import { sniff } from './sniff.js';

/** Reads a whole archive, plain or gzipped (sniffed), and gives the verdict: a summary, or an `archive/…` error. */
export async function readArchive(
  source: AsyncIterable<Uint8Array> | Readable,
  handler: ArchiveHandler = {},
  options: ArchiveReaderOptions = {},
): Promise<ArchiveSummary> {
  const reader = new ArchiveReader(handler, options);
  for await (const chunk of plain(source as AsyncIterable<Uint8Array>)) reader.write(chunk);
  return reader.end();
}

/** The bytes of the plain archive, whatever the source holds. However it ends, the source is let go. */
async function* plain(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  try {
    yield* plainOf(chunks);
  } finally {
    // Not awaited: a source that stalls must not hold back the verdict.
    chunks.return?.().catch(() => undefined);
  }
}

async function* plainOf(chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first = Buffer.alloc(0);
  let ended = false;
  while (first.length < 8 && !ended) {
    const next = await chunks.next();
    if (next.done === true) ended = true;
    else first = Buffer.concat([first, next.value]);
  }
  const rest = { [Symbol.asyncIterator]: () => chunks };
  if (sniff(first) !== 'gzip') {
    yield first;
    if (!ended) yield* rest;
    return;
  }
  const gunzip = gunzipStream();
  const feeding = pipeline(joined(first, rest), gunzip);
  // The stream's own error comes out of the loop below.
  feeding.catch(() => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
    await feeding;
  } catch (error) {
    throw error instanceof AppError || systemCode(error) === undefined
      ? error
      : archiveError('corrupt-structure', 0, messageOf(error), error);
  }
}

async function* joined(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}
