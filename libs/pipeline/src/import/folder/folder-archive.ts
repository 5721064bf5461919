import { Readable } from 'node:stream';
import { ArchiveWriter } from '#archive';
import { readFound } from './found-file.js';
import type { DumpFolder } from './read-folder.js';
import { splitDocuments } from './split-documents.js';

const chunkBytes = 1024 * 1024;

/** The folder as the archive that mongodump would have written in its place, made as it is read: one collection after the other. */
export function folderArchive(folder: DumpFolder): Readable {
  return Readable.from(write(folder), { objectMode: false, highWaterMark: chunkBytes });
}

async function* write({ serverVersion, toolVersion, collections, namespaces }: DumpFolder): AsyncGenerator<Buffer> {
  const out: Buffer[] = [];
  const writer = new ArchiveWriter((chunk) => out.push(chunk));
  writer.prelude({ concurrentCollections: 1, serverVersion, toolVersion, collections });
  yield* out.splice(0);
  for (const { db, collection, file } of namespaces) {
    if (file !== null)
      for await (const run of splitDocuments(readFound(file), file.name)) {
        writer.documents(db, collection, run);
        yield* out.splice(0);
      }
    writer.endNamespace(db, collection);
    yield* out.splice(0);
  }
  writer.finish();
}
