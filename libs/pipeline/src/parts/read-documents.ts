import { ArchiveReader } from '#archive';
import type { ProvenBackup } from '../objects/prove-backup.js';
import type { OpenArchiveDeps } from '../open-archive.js';
import { openPart, type OpenPartOptions } from './open-part.js';

/**
 * The documents of one namespace of a proven backup as raw BSON, in archive order. Only what holds them is read. Each is authenticated before it is given out;
 * that none is missing is known when the last one was given (`archive/…`, `backup/mismatch`), so a reader that stops earlier knows only that what it has is
 * genuine. A view, valid until the next one is asked for.
 */
export async function* readDocuments(
  deps: OpenArchiveDeps,
  proven: ProvenBackup,
  { db, collection }: { readonly db: string; readonly collection: string },
  options: OpenPartOptions,
): AsyncGenerator<Buffer> {
  const isWanted = (namespace: { db: string; collection: string }): boolean =>
    namespace.db === db && namespace.collection === collection;
  const archive = openPart(deps, proven, isWanted, options);
  let runs: Buffer[] = [];
  // A document that came in two pieces lies in the reader's own buffer, which the next one fills again.
  const reader = new ArchiveReader({
    documents: (namespace, run) => {
      if (isWanted(namespace)) runs.push(Buffer.from(run));
    },
  });
  try {
    for await (const chunk of archive as AsyncIterable<Buffer>) {
      reader.write(chunk);
      for (const run of runs) yield* documentsOf(run);
      runs = [];
    }
    reader.end();
  } finally {
    archive.destroy();
  }
}

function* documentsOf(run: Buffer): Generator<Buffer> {
  for (let at = 0; at < run.length;) {
    const end = at + run.readInt32LE(at);
    yield run.subarray(at, end);
    at = end;
  }
}
