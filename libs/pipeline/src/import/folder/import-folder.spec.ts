import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import { ArchiveReader, type ArchiveSummary } from '#archive';
import { createMemoryStore } from '#storage';
import { backupDeps, backupRequest, noAbort, storeContents } from '../../../../../test/support/backup-world.js';
import { writeDumpFolder } from '../../../../../test/support/dump-folder.js';
import { importEngine } from '../import-engine.js';
import { runBackup } from '../../run-backup.js';
import { folderArchive } from './folder-archive.js';
import { readDumpFolder } from './read-folder.js';
import { splitDocuments } from './split-documents.js';

const fixtures = new URL('../../../../../test/fixtures/archives/', import.meta.url);
const archiveOf = (name: string): Buffer => {
  const bytes = readFileSync(new URL(name, fixtures));
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
};

let parent: string;
let root: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'dump-'));
  root = join(parent, 'dump');
  mkdirSync(root);
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function summaryOf(archive: Buffer): ArchiveSummary {
  const reader = new ArchiveReader();
  reader.write(archive);
  return reader.end();
}

/** What an archive holds, whatever the order of its namespaces; a checksum stands for the documents of each. */
function contentsOf(archive: Buffer) {
  const { serverVersion, toolVersion, namespaces } = summaryOf(archive);
  const all = namespaces.map(({ db, collection, type, metadata, documents, bsonBytes, crc64 }) => ({
    ...{ db, collection, type, metadata, documents, bsonBytes, crc64 },
  }));
  const sorted = all.sort((a, b) => (`${a.db}.${a.collection}` < `${b.db}.${b.collection}` ? -1 : 1));
  return { serverVersion, toolVersion, namespaces: sorted };
}

function take(oplog: false | 'if-there' = false) {
  const store = createMemoryStore();
  const read = async () => {
    const folder = await readDumpFolder(root);
    const { bytes, modifiedAt, warnings } = folder;
    const engine = importEngine({ stream: folderArchive(folder), name: 'dump', bytes, modifiedAt, warnings });
    const request = backupRequest({ trigger: 'cli' });
    return runBackup({ ...backupDeps(store), engine }, { ...request, dump: { ...request.dump, oplog } }, noAbort);
  };
  return { store, run: read() };
}

async function refusal(): Promise<{ code: string; text: string }> {
  const { store, run } = take();
  const error = await run.then(
    () => undefined,
    (failure: unknown) => failure as { code: string; message: string; hint: string },
  );
  expect(error).toMatchObject({ code: expect.any(String), hint: expect.stringMatching(/./) });
  expect(await storeContents(store)).toEqual([]);
  return { code: error?.code ?? '', text: error?.message ?? '' };
}

const write = (db: string, name: string, bytes: Uint8Array | string) => {
  mkdirSync(join(root, db), { recursive: true });
  writeFileSync(join(root, db, name), bytes);
};
const metadata = (changes: object = {}) => JSON.stringify({ indexes: [], type: 'collection', ...changes });
const one = BSON.serialize({ _id: 1, text: 'one' });

describe('a folder that mongodump wrote', () => {
  it.each(['clinic.archive', 'multi.archive', 'types.archive'])(
    'with the contents of %s gives an archive with the same, plain and gzipped',
    async (name) => {
      const original = archiveOf(name);
      writeDumpFolder(original, root);
      const made = await buffer(folderArchive(await readDumpFolder(root)));
      expect(contentsOf(made)).toEqual(contentsOf(original));

      rmSync(root, { recursive: true });
      writeDumpFolder(original, root, { gzip: true });
      const folder = await readDumpFolder(root);
      expect(folder.bytes).toBeNull();
      expect((await buffer(folderArchive(folder))).equals(made)).toBe(true);
    },
  );

  it('becomes a backup of its own', async () => {
    writeDumpFolder(archiveOf('clinic.archive'), root);
    const { backup, warnings } = await take().run;
    expect(backup.engine.name).toBe('import');
    expect(backup.totals.documents).toBe(
      contentsOf(archiveOf('clinic.archive')).namespaces.reduce((sum, { documents }) => sum + documents, 0),
    );
    expect(warnings).toEqual([expect.stringMatching(/^import: taken from dump, last written \d{4}-/)]);
  });

  it('brings users, roles, an oplog with its moment, a view, and a time series', async () => {
    const ts = new BSON.Timestamp({ t: 1_700_000_000, i: 7 });
    write('.', 'oplog.bson', BSON.serialize({ ts, op: 'n', ns: '', o: {} }));
    write('admin', 'system.users.bson', one);
    write('admin', 'system.users.metadata.json', metadata());
    write('shop', '%24admin.system.roles.bson', one);
    write('shop', 'adults.metadata.json', metadata({ type: 'view', options: { viewOn: 'people', pipeline: [] } }));
    write(
      'shop',
      'weather.metadata.json',
      metadata({ options: { timeseries: { timeField: 't' } }, type: 'timeseries' }),
    );
    write('shop', 'system.buckets.weather.bson', one);
    write('shop', 'a%2Fb%20c.bson', '');
    const { namespaces } = summaryOf(await buffer(folderArchive(await readDumpFolder(root))));
    expect(namespaces.map(({ db, collection, type, documents }) => [db, collection, type, documents]).sort()).toEqual(
      [
        ['', 'oplog', 'collection', 1],
        ['admin', 'system.users', 'collection', 1],
        ['shop', '$admin.system.roles', 'collection', 1],
        ['shop', 'a/b c', 'collection', 0],
        ['shop', 'adults', 'view', 0],
        ['shop', 'weather', 'timeseries', 1],
      ].sort(),
    );
    const { backup, warnings } = await take('if-there').run;
    expect(backup.server.version).toBe('0.0.0');
    expect(backup.consistency).toEqual({ mode: 'oplog', at: { t: 1_700_000_000, i: 7 } });
    expect(warnings.join('\n')).toMatch(/from a server of an unknown version[\s\S]*a\/b c has no metadata file/);
  });

  it('says what it left out', async () => {
    write('shop', 'people.bson', one);
    write('shop', 'people.metadata.json', metadata());
    write('shop', 'system.profile.bson', one);
    write('shop', 'notes.txt', 'mine');
    write('.', '.DS_Store', '');
    mkdirSync(join(root, 'shop', 'more'));
    const { warnings, collections } = await readDumpFolder(root);
    expect(collections.map(({ collection }) => collection)).toEqual(['people']);
    expect(warnings.join('\n')).toContain(
      'left out 3 that mongodump does not write: .DS_Store, shop/more, shop/notes.txt',
    );
    expect(warnings.join('\n')).toContain('shop.system.profile is left out');
  });

  it('takes a name that was too long for a file from its metadata', async () => {
    const file = `${'x'.repeat(200)}%24${'h'.repeat(35)}`;
    write('shop', `${file}.bson`, one);
    write('shop', `${file}.metadata.json`, metadata({ collectionName: `${'x'.repeat(220)}y` }));
    const { collections } = await readDumpFolder(root);
    expect(collections).toMatchObject([{ db: 'shop', collection: `${'x'.repeat(220)}y` }]);
  });
});

describe('a folder that is not whole, or wants more than it should, is refused and leaves nothing', () => {
  beforeEach(() => {
    write('shop', 'people.bson', Buffer.concat([one, one]));
    write('shop', 'people.metadata.json', metadata());
  });
  const people = () => join(root, 'shop', 'people.bson');

  it.each([1, 3, 4, 5, one.length - 1, one.length + 1, 2 * one.length - 1])('cut after %i bytes', async (bytes) => {
    truncateSync(people(), bytes);
    const { code, text } = await refusal();
    expect({ code, text }).toEqual({ code: 'archive/truncated', text: expect.stringContaining('shop/people.bson') });
  });

  it.each([
    ['a document of 2 GB', [0xff, 0xff, 0xff, 0x7f]],
    ['a negative length', [0xff, 0xff, 0xff, 0xff]],
    ['a length of 4', [4, 0, 0, 0]],
    ['16 MiB and a byte', [1, 0, 0, 1]],
  ])('%s', async (_name, length) => {
    appendFileSync(people(), Buffer.from([...length, 0]));
    expect(await refusal()).toEqual({
      code: 'archive/corrupt-structure',
      text: expect.stringContaining('cannot have'),
    });
  });

  it('a document whose inside does not fit, though its length does', async () => {
    const wrong = Buffer.from(one);
    wrong.writeInt32LE(99, wrong.indexOf('text\0') + 5);
    appendFileSync(people(), wrong);
    expect(await refusal()).toEqual({
      code: 'archive/corrupt-structure',
      text: expect.stringContaining('no whole BSON'),
    });
  });

  it('a gzip stream that is cut, and one with bytes behind it', async () => {
    unlinkSync(people());
    const packed = gzipSync(Buffer.concat([one, one]));
    write('shop', 'people.bson.gz', packed.subarray(0, -3));
    expect((await refusal()).code).toBe('archive/truncated');
    write('shop', 'people.bson.gz', Buffer.concat([packed, Buffer.from('more')]));
    expect((await refusal()).code).toMatch(/^archive\/(trailing-data|corrupt-structure)$/);
  });

  it.each([
    [
      'of a file',
      () => {
        renameSync(people(), join(parent, 'secret'));
        symlinkSync(join(parent, 'secret'), people());
      },
    ],
    ['of a foreign file', () => symlinkSync('/etc/passwd', join(root, 'shop', 'notes.txt'))],
    ['of metadata', () => symlinkSync('/etc/passwd', join(root, 'shop', 'other.metadata.json'))],
    ['of a database', () => symlinkSync(join(root, 'shop'), join(root, 'copy'))],
    ['to nowhere', () => symlinkSync('nowhere', join(root, 'oplog.bson'))],
  ])('a link in the place %s', async (_name, link) => {
    link();
    expect(await refusal()).toEqual({ code: 'archive/not-an-archive', text: expect.stringContaining('is a link') });
  });

  it('a pipe, without waiting for it', async () => {
    execFileSync('mkfifo', [join(root, 'shop', 'endless.bson')]);
    expect((await refusal()).text).toContain('is no regular file');
  });

  it('a file that another one has replaced since the look, or a link', async () => {
    const swaps = [() => write('shop', 'people.bson', one), () => symlinkSync('/etc/passwd', people())];
    for (const [nth, swap] of swaps.entries()) {
      const folder = await readDumpFolder(root);
      renameSync(people(), join(parent, `old-${nth}`));
      swap();
      await expect(buffer(folderArchive(folder))).rejects.toMatchObject({
        code: 'archive/not-an-archive',
        message: expect.stringContaining('changed while'),
      });
    }
  });

  it('a file that grows while it is read', async () => {
    const folder = await readDumpFolder(root);
    appendFileSync(people(), one);
    await expect(buffer(folderArchive(folder))).rejects.toMatchObject({
      message: expect.stringContaining('changed while'),
    });
  });

  it.each([
    ['metadata without its documents', () => unlinkSync(people()), /its documents are missing/],
    ['metadata that are no JSON', () => write('shop', 'people.metadata.json', '{"options":'), /cannot be used/],
    ['metadata without end', () => write('shop', 'people.metadata.json', ' '.repeat(9_000_000)), /larger than/],
    ['metadata that are no text', () => write('shop', 'people.metadata.json', Buffer.from([0xff])), /no UTF-8/],
    [
      'a type that nobody knows',
      () => write('shop', 'people.metadata.json', metadata({ type: 'x' })),
      /type .* unknown/,
    ],
    ['a collection twice', () => write('shop', 'people.bson.gz', gzipSync(one)), /stands there twice/],
    ['a name that is escaped wrongly', () => write('shop', 'a%ZZ.bson', one), /not that of a collection/],
    ['a name with a zero in it', () => write('shop', 'a%00b.bson', one), /not that of a collection/],
    ['a cut name without metadata', () => write('shop', `${'x'.repeat(235)}%24.bson`, one), /no metadata tell it/],
    ['buckets without a time series', () => write('shop', 'system.buckets.w.bson', one), /metadata file is missing/],
    ['a database that cannot be one', () => write('a.b', 'people.bson', one), /cannot be the name of a database/],
    ['a file outside of the databases', () => write('.', 'people.bson', one), /lies in no folder/],
    ['nothing', () => rmSync(join(root, 'shop'), { recursive: true }), /nothing in it/],
  ])('%s', async (_name, change, reason) => {
    change();
    expect((await refusal()).text).toMatch(reason);
  });

  it('however small the pieces are, only whole documents are given', async () => {
    const bytes = Buffer.concat([one, BSON.serialize({}), one]);
    const singly = Readable.from([...bytes].map((byte) => Buffer.from([byte])));
    const runs: Buffer[] = [];
    for await (const run of splitDocuments(singly as AsyncIterable<Buffer>, 'x.bson')) runs.push(run);
    expect(runs.map(({ length }) => length)).toEqual([one.length, 5, one.length]);
    expect(Buffer.concat(runs).equals(bytes)).toBe(true);
  });
});
