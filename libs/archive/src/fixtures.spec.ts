import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { crc64Hex } from './crc64.js';
import { parseMetadata } from './metadata.js';
import { readArchive } from './read-archive.js';
import { ArchiveReader } from './reader.js';

// Archives by the official mongodump, good and damaged (test/fixtures/archives/README.md).

interface Expected {
  readonly archives: Record<string, { readonly namespaces: Readonly<Record<string, ExpectedNamespace>> }>;
  readonly damaged: Record<
    string,
    { verdict: string; alsoAcceptable?: string[]; noticedAtOffset: number | null; noticedAtOffsetIn?: string }
  >;
}
interface ExpectedNamespace {
  readonly db: string;
  readonly collection: string;
  readonly documents: number;
  readonly bsonBytes: number;
  readonly crc64xz: string;
  readonly sha256: string;
  readonly dataBlocks: number;
  readonly type: string;
  readonly options: unknown;
  readonly indexes: unknown;
}

const folder = new URL('../../../test/fixtures/archives/', import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(name, folder));
const expected = JSON.parse(read('expected.json').toString()) as Expected;
const sizes = [1, 7, 4096, 65_536, 1_048_576];

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function* source(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (const piece of pieces(bytes, size)) yield await Promise.resolve(piece);
}

describe.each(Object.keys(expected.archives))('%s', (name) => {
  it.each(sizes)(
    'holds exactly what is expected, in pieces of %i bytes',
    async (size) => {
      const bytes = read(name);
      const hashes = new Map<string, ReturnType<typeof createHash>>();
      const summary = await readArchive(source(bytes, size), {
        documents: (namespace, run, count) => {
          const hash = hashes.get(namespace.name) ?? createHash('sha256');
          hashes.set(namespace.name, hash.update(run));
          expect(count).toBeGreaterThan(0);
        },
      });
      const found = summary.namespaces.map((namespace) => {
        const { options, indexes } = parseMetadata(namespace.metadata ?? '');
        return {
          db: namespace.db,
          collection: namespace.collection,
          type: namespace.type,
          documents: namespace.documents,
          bsonBytes: namespace.bsonBytes,
          crc64xz: crc64Hex(namespace.crc64),
          sha256: (hashes.get(`${namespace.db}.${namespace.collection}`) ?? createHash('sha256')).digest('hex'),
          dataBlocks: namespace.dataBlocks,
          options: options === null ? null : (JSON.parse(options) as unknown),
          indexes: indexes.map((index) => JSON.parse(index) as unknown),
        };
      });
      const wanted = Object.values(expected.archives[name]?.namespaces ?? {}).map(
        ({ db, collection, type, documents, bsonBytes, crc64xz, sha256, dataBlocks, options, indexes }) => ({
          db,
          collection,
          type,
          documents,
          bsonBytes,
          crc64xz,
          sha256,
          dataBlocks,
          options,
          indexes,
        }),
      );
      expect(found.sort(byName)).toEqual(wanted.sort(byName));
    },
    60_000,
  );

  it('gives the same verdict without a look at the documents, and blocks that cover them', () => {
    const bytes = read(name);
    const plain = name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    const reader = new ArchiveReader({}, { recordBlocks: true });
    for (const piece of pieces(plain, 100_003)) reader.write(piece);
    const { namespaces, blocks = [], archiveBytes } = reader.end();
    expect(archiveBytes).toBe(plain.length);
    expect(namespaces.map(({ crc64 }) => crc64Hex(crc64)).sort()).toEqual(
      Object.values(expected.archives[name]?.namespaces ?? {})
        .map(({ crc64xz }) => crc64xz)
        .sort(),
    );
    expect(blocks).toHaveLength(namespaces.reduce((sum, { dataBlocks }) => sum + dataBlocks, 0));
    for (const [namespace, offset, length] of blocks) {
      expect(plain.subarray(offset, offset + 300).includes(namespaces[namespace]?.collection ?? '?')).toBe(true);
      expect(plain.readInt32LE(offset + length - 4)).toBe(-1);
    }
  });
});

describe.each(Object.keys(expected.damaged))('%s', (name) => {
  const {
    verdict,
    alsoAcceptable = [],
    noticedAtOffset,
    noticedAtOffsetIn,
  } = expected.damaged[name] ?? { verdict: '?', noticedAtOffset: null };
  it.each(sizes)(
    'is refused in pieces of %i bytes',
    async (size) => {
      const bytes = read(name);
      const error = await readArchive(source(bytes, size), size === 4096 ? {} : { documents: () => undefined }).then(
        () => new Error('accepted'),
        (thrown: unknown) => thrown as Error & { code: string; details: { offset: number } },
      );
      expect([verdict, ...alsoAcceptable].map((one) => `archive/${one}`)).toContain(
        'code' in error ? error.code : error.message,
      );
      if (
        'code' in error &&
        error.code === `archive/${verdict}` &&
        noticedAtOffset !== null &&
        noticedAtOffsetIn === 'the file'
      ) {
        expect(error.details.offset).toBe(noticedAtOffset);
      }
    },
    60_000,
  );
});

function byName(a: { db: string; collection: string }, b: { db: string; collection: string }): number {
  return `${a.db}.${a.collection}` < `${b.db}.${b.collection}` ? -1 : 1;
}
