import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { BSON } from 'mongodb';
import { AppError } from '#contracts';
import { buildArchive } from '../../../test/support/build-archive.js';
import { seededNumbers } from '../../../test/support/mutations.js';
import { ArchiveExcerpt, type ExcerptBlock, type ExcerptNamespace } from './excerpt.js';
import { readArchive } from './read-archive.js';
import type { ArchiveNamespaceSummary, ArchiveSummary } from './reader-types.js';

const folder = new URL('../../../test/fixtures/archives/', import.meta.url);
const fixture = (name: string): Buffer => {
  const bytes = readFileSync(new URL(name, folder));
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
};
const names = ['clinic', 'multi', 'types', 'listing', 'many', 'interleaved'] as const;
const archiveOf = (name: string): Buffer =>
  fixture(['many', 'interleaved'].includes(name) ? `${name}.archive.gz` : `${name}.archive`);
const read = (archive: Buffer) => readArchive(Readable.from([archive]), {}, { recordBlocks: true });

interface Wanted {
  readonly chosen: ExcerptNamespace[];
  readonly blocks: ExcerptBlock[];
}
function wantedOf(summary: ArchiveSummary, chooses: (namespace: ArchiveNamespaceSummary) => boolean): Wanted {
  const chosen = new Map<number, ExcerptNamespace>();
  for (const [index, namespace] of summary.namespaces.entries()) if (chooses(namespace)) chosen.set(index, namespace);
  const blocks = (summary.blocks ?? []).flatMap(([index, offset, bytes]): ExcerptBlock[] => {
    const namespace = chosen.get(index);
    return namespace === undefined ? [] : [{ namespace, offset, bytes }];
  });
  return { chosen: [...chosen.values()], blocks };
}

/** Feeds the prelude and the blocks alone, in pieces of any size. */
function excerpt(archive: Buffer, { chosen, blocks }: Wanted, preludeEnd: number, pieces = 1_000_000): Buffer {
  const out: Buffer[] = [];
  const sut = new ArchiveExcerpt(chosen, blocks, (chunk) => out.push(chunk));
  const below = seededNumbers(pieces);
  for (const { offset, bytes } of [{ offset: 0, bytes: preludeEnd }, ...blocks]) {
    for (let at = offset; at < offset + bytes;) {
      const end = Math.min(at + 1 + below(pieces), offset + bytes);
      sut.take(at, archive.subarray(at, end));
      at = end;
    }
  }
  sut.end();
  return Buffer.concat(out);
}
const firstBlock = (summary: ArchiveSummary): number => summary.blocks?.[0]?.[1] ?? summary.archiveBytes;
const facts = ({ db, collection, type, metadata, documents, bsonBytes, crc64 }: ArchiveNamespaceSummary) => ({
  ...{ db, collection, type, metadata, documents, bsonBytes, crc64 },
});

describe.each(names)('the archive %s', (name) => {
  const archive = archiveOf(name);

  it('gives each of its namespaces alone, and any choice of them, with the same proof', async () => {
    const summary = await read(archive);
    const below = seededNumbers(11);
    const all = summary.namespaces.length;
    const choices = [
      ...summary.namespaces.map((one) => (other: ArchiveNamespaceSummary) => one === other),
      ...Array.from({ length: 10 }, () => () => below(3) === 0),
      () => true,
      () => false,
    ];
    for (const chooses of choices.slice(0, 40)) {
      const kept = new Set<ArchiveNamespaceSummary>(summary.namespaces.filter(chooses));
      const wanted = wantedOf(summary, (namespace) => kept.has(namespace));
      for (const pieces of [all > 50 ? 4096 : 1, 7, 1_000_000]) {
        if (pieces < 4096 && archive.length > 300_000) continue;
        const small = await read(excerpt(archive, wanted, firstBlock(summary), pieces));
        expect(small.namespaces.map(facts)).toEqual([...kept].map(facts));
        expect(small).toMatchObject({ serverVersion: summary.serverVersion, toolVersion: summary.toolVersion });
      }
    }
  }, 60_000);
});

describe('a time series under its old name, a collection with nothing, users', () => {
  const documents = [1, 2, 3].map((_id) => ({ _id, control: { version: 1 } }));
  const archive = buildArchive(
    [
      { db: 'admin', collection: 'system.users', documents: [{ _id: 'clinic.ann' }], unlisted: true },
      { db: 'a', collection: 'weather', type: 'timeseries', dataCollection: 'system.buckets.weather', documents },
      { db: 'a', collection: 'nothing' },
      { db: 'a', collection: 'view', type: 'view', options: { viewOn: 'weather', pipeline: [] } },
      { db: 'b', collection: 'many', documents: Array.from({ length: 100 }, (_, _id) => ({ _id })) },
    ],
    7,
  );

  it.each([
    ['a.weather', 3],
    ['a.nothing', 0],
    ['a.view', 0],
    ['b.many', 100],
    ['admin.system.users', 1],
  ])('%s alone', async (name, count) => {
    const summary = await read(archive);
    const wanted = wantedOf(summary, ({ db, collection }) => `${db}.${collection}` === name);
    const small = await read(excerpt(archive, wanted, firstBlock(summary)));
    expect(small.namespaces.map(({ db, collection, documents: found }) => [`${db}.${collection}`, found])).toEqual([
      [name, count],
    ]);
  });
});

describe('what is not as the index says is refused', () => {
  const archive = buildArchive(
    ['one', 'two'].map((collection) => ({
      db: 'a',
      collection,
      documents: Array.from({ length: 50 }, (_, _id) => ({ _id, collection })),
    })),
    20,
  );
  const sealed = async () => {
    const summary = await read(archive);
    return { ...wantedOf(summary, ({ collection }) => collection === 'two'), prelude: firstBlock(summary) };
  };
  const code = async (run: () => Promise<unknown>) =>
    run().then(
      () => 'none',
      (error: unknown) => (error instanceof AppError ? error.code : String(error)),
    );
  const outcome = (wanted: Wanted, prelude: number, bytes = archive) =>
    code(async () => read(excerpt(bytes, wanted, prelude)));

  it('the index as it is opens', async () => {
    const { prelude, ...wanted } = await sealed();
    expect(await outcome(wanted, prelude)).toBe('none');
  });

  it('a block that begins elsewhere, or belongs to another namespace', async () => {
    const { prelude, chosen, blocks } = await sealed();
    for (const by of [-8, -4, 4, 8]) {
      const moved = blocks.map((block, at) => (at === 0 ? { ...block, offset: block.offset + by } : block));
      expect(await outcome({ chosen, blocks: moved }, prelude)).toMatch(/^archive\//);
    }
    const summary = await read(archive);
    const foreign = wantedOf(summary, ({ collection }) => collection === 'one').blocks;
    const [namespace] = chosen;
    if (namespace === undefined) throw new Error('nothing was chosen');
    const taken = foreign.map((block) => ({ ...block, namespace }));
    expect(await outcome({ chosen, blocks: taken }, prelude)).toBe('archive/corrupt-structure');
  });

  it('a block that is left out, cut short, or twice', async () => {
    const { prelude, chosen, blocks } = await sealed();
    expect(await outcome({ chosen, blocks: blocks.slice(1) }, prelude)).toBe('archive/crc-mismatch');
    const short = blocks.map((block) => ({ ...block, bytes: block.bytes - 4 }));
    expect(await outcome({ chosen, blocks: short }, prelude)).toMatch(/^archive\//);
    const [first] = blocks;
    if (first === undefined) throw new Error('no block');
    const sut = new ArchiveExcerpt(chosen, blocks, () => undefined);
    sut.take(0, archive.subarray(0, prelude));
    expect(() => sut.end()).toThrow(expect.objectContaining({ code: 'archive/truncated' }));
    expect(() => sut.take(first.offset + 1, archive.subarray(first.offset + 1))).toThrow(
      expect.objectContaining({ code: 'archive/truncated' }),
    );
  });

  it('a document that was changed, and a checksum that was', async () => {
    const { prelude, chosen, blocks } = await sealed();
    const changed = Buffer.from(archive);
    const at = changed.lastIndexOf('two');
    changed.write('TWO', at);
    const last = blocks.at(-1);
    expect(at).toBeGreaterThan(last?.offset ?? 0);
    const inside = Buffer.from(archive);
    const place = inside.indexOf('two', blocks[0]?.offset ?? 0);
    // The second occurrence: the first is the block's own name.
    inside.write('TWO', inside.indexOf('two', place + 1));
    expect(await outcome({ chosen, blocks }, prelude, inside)).toBe('archive/crc-mismatch');
    const [namespace] = chosen;
    const other = { db: 'a', collection: 'two', crc64: (namespace?.crc64 ?? 0n) ^ 1n };
    expect(await outcome({ chosen: [other], blocks: blocks.map((b) => ({ ...b, namespace: other })) }, prelude)).toBe(
      'archive/crc-mismatch',
    );
  });

  it('a prelude that is damaged, cut, or does not list what was chosen', async () => {
    const { prelude, chosen, blocks } = await sealed();
    expect(await outcome({ chosen, blocks }, prelude, Buffer.alloc(archive.length))).toBe('archive/not-an-archive');
    expect(await outcome({ chosen, blocks }, prelude - 10)).toBe('archive/truncated');
    const none = { db: 'a', collection: 'three', crc64: 0n };
    expect(await outcome({ chosen: [none], blocks: [] }, prelude)).toBe('archive/corrupt-structure');
    const item = Buffer.concat([archive.subarray(0, 4), BSON.serialize({ version: '0.2' })]);
    expect(await outcome({ chosen: [], blocks: [] }, item.length, item)).toBe('archive/corrupt-structure');
  });
});
