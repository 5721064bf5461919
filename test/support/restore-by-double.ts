import { afterEach, beforeEach, expect, jest } from '@jest/globals';
import { Readable } from 'node:stream';
import { Secret } from '#contracts';
import { createMongorestoreEngine, type LoadReport, type LoadRequest, type MongorestoreOptions } from '#engine';
import { buildArchive, type ArchiveNamespaceInput } from './build-archive.js';
import { loadRequestTo } from './load-request.js';
import { ToolDoubles } from './tool-doubles.js';

// The mongorestore engine over a double that misbehaves on command (tool-double.mjs), with small archives made for it.

export const documents = (count: number, bytes = 10): { _id: number; text: string }[] =>
  Array.from({ length: count }, (_, index) => ({ _id: index, text: 'x'.repeat(bytes) }));
const index = { v: 2, key: { text: 1 }, name: 'text_1' };
export const small: readonly ArchiveNamespaceInput[] = [
  { db: 'a', collection: 'b', documents: documents(3), indexes: [index] },
  { db: 'a', collection: 'none' },
];
/** More than the pipe to the tool takes in. */
export const large: readonly ArchiveNamespaceInput[] = [{ db: 'a', collection: 'b', documents: documents(50, 10_000) }];
const archives = new Map<readonly ArchiveNamespaceInput[], Buffer>();

/** A copy; made once, for its checksums take long. */
export function archiveOf(namespaces: readonly ArchiveNamespaceInput[]): Buffer {
  const archive = archives.get(namespaces) ?? buildArchive(namespaces);
  archives.set(namespaces, archive);
  return Buffer.from(archive);
}

/** Half of an archive, and then nothing more. */
export function halfOf(archive: Buffer): Readable {
  const source = new Readable({ read: () => undefined });
  source.push(archive.subarray(0, archive.length >> 1));
  return source;
}

export const finished = (name: string, count: number): string =>
  `finished restoring \`${name}\` (${count} documents, 0 failures)`;
export const summary = (restored: number, failed = 0): string =>
  `${restored} document(s) restored successfully. ${failed} document(s) failed to restore.`;
/** What it says of `small`. */
export const goodWords = [finished('a.b', 3), finished('a.none', 0), summary(3)];

const everything = loadRequestTo(new Secret('mongodb://user:canary-password@127.0.0.1:1/clinic'));

/** Doubles for each test of the file that calls this; after each, nothing of them may be left. */
export function restoreByDouble(): {
  readonly doubles: () => ToolDoubles;
  readonly restore: (
    source: Readable | Buffer,
    changes?: Partial<LoadRequest>,
    options?: Partial<MongorestoreOptions>,
    signal?: AbortSignal,
  ) => Promise<LoadReport>;
} {
  // Every test starts processes, on a machine that may be busy.
  jest.setTimeout(30_000);
  let doubles: ToolDoubles;
  beforeEach(() => {
    doubles = new ToolDoubles();
  });
  afterEach(() => {
    const left = doubles.leftovers();
    doubles.close();
    expect(left).toEqual([]);
  });
  return {
    doubles: () => doubles,
    restore: (source, changes = {}, options = {}, signal = new AbortController().signal) => {
      const engine = createMongorestoreEngine({
        searchPath: doubles.searchPath,
        tmpDir: doubles.tmp,
        stallMs: 60_000,
        killGraceMs: 200,
        plan: () => Promise.resolve({ namespaces: [], notes: [] }),
        readBack: () => Promise.reject(new Error('not asked')),
        ...options,
      });
      const stream = Buffer.isBuffer(source) ? Readable.from([source]) : source;
      return engine.load({ ...everything, ...changes }, stream, signal);
    },
  };
}
