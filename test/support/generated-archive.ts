import { Readable } from 'node:stream';
import { BSON } from 'mongodb';
import { ArchiveWriter, encodeMetadata } from '#archive';

/** A valid archive of any size in constant memory: head, the same run of documents so many times, tail. */
export interface RepeatedArchive {
  readonly head: Buffer;
  readonly run: Buffer;
  readonly times: number;
  readonly tail: Buffer;
  readonly bytes: number;
  readonly documents: number;
}

/** One collection `fx_repeated.visits`. The run is about 1 MiB, and compresses badly unless it is `sparse`. */
export function repeatedArchive(atLeastBytes: number, { sparse = false } = {}): RepeatedArchive {
  const documents = Array.from({ length: 256 }, (_, index) =>
    BSON.serialize({ _id: index, payload: sparse ? Buffer.alloc(4096) : noise(index, 4096) }),
  );
  const run = Buffer.concat(documents);
  const times = Math.max(1, Math.ceil(atLeastBytes / run.length));
  const around: Buffer[][] = [[], []];
  let part = 0;
  const writer = new ArchiveWriter((chunk) => {
    if (chunk === run) part = 1;
    else around[part]?.push(chunk);
  });
  writePrelude(writer, 'fx_repeated', ['visits']);
  for (let at = 0; at < times; at += 1) writer.documents('fx_repeated', 'visits', run);
  writer.endNamespace('fx_repeated', 'visits');
  writer.finish();
  const [head, tail] = around.map((chunks) => Buffer.concat(chunks)) as [Buffer, Buffer];
  const bytes = head.length + times * run.length + tail.length;
  return { head, run, times, tail, bytes, documents: times * documents.length };
}

export function* piecesOfRepeated({ head, run, times, tail }: RepeatedArchive): Generator<Buffer> {
  yield head;
  for (let at = 0; at < times; at += 1) yield run;
  yield tail;
}

export function readRepeated(archive: RepeatedArchive): Readable {
  return Readable.from(piecesOfRepeated(archive), { objectMode: false, highWaterMark: 4 * 1024 * 1024 });
}

/** An archive of one collection with the given raw documents, valid BSON or not quite. */
export function archiveOf(db: string, collection: string, documents: readonly Buffer[]): Buffer {
  const chunks: Buffer[] = [];
  const writer = new ArchiveWriter((chunk) => chunks.push(chunk));
  writePrelude(writer, db, [collection]);
  for (const document of documents) writer.documents(db, collection, document);
  writer.endNamespace(db, collection);
  writer.finish();
  return Buffer.concat(chunks);
}

/** An archive of many small collections `fx_wide.c00000` …, one document each. */
export function wideArchive(collections: number): Buffer {
  const names = Array.from({ length: collections }, (_, at) => `c${String(at).padStart(5, '0')}`);
  const chunks: Buffer[] = [];
  const writer = new ArchiveWriter((chunk) => chunks.push(chunk));
  writePrelude(writer, 'fx_wide', names);
  names.forEach((name, at) => {
    writer.documents('fx_wide', name, Buffer.from(BSON.serialize({ _id: at, name })));
    writer.endNamespace('fx_wide', name);
  });
  writer.finish();
  return Buffer.concat(chunks);
}

function writePrelude(writer: ArchiveWriter, db: string, collections: readonly string[]): void {
  const facts = { concurrentCollections: 1, serverVersion: '7.0.0', toolVersion: 'generated' };
  writer.prelude({
    ...facts,
    collections: collections.map((collection) => {
      const rest = { options: null, indexes: [], uuid: null, type: 'collection' } as const;
      return { db, collection, type: 'collection', metadata: encodeMetadata({ ...rest, collectionName: collection }) };
    }),
  });
}

/** Bytes that no codec makes much of; the same for a seed. */
function noise(seed: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  let state = (seed + 1) * 2_654_435_761;
  for (let at = 0; at < bytes; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    buffer.writeUInt32LE(state, at);
  }
  return buffer;
}
