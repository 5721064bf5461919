import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BSON, type Document } from 'mongodb';
import { readdirSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { openArchive, proveBackup, runBackup, runVerify, silentObserver } from '#pipeline';
import { createMemoryStore } from '#storage';
import { services } from '../services/services.js';
import { backupDeps, backupRequest, noAbort, testRing } from '../support/backup-world.js';
import { buildArchive } from '../support/build-archive.js';
import { CliWorld } from '../support/cli-world.js';
import { archiveOf } from '../support/generated-archive.js';
import { compareDatabases } from '../support/compare-databases.js';
import { loadArchive } from '../support/native-load.js';
import { hazina } from '../support/run-hazina.js';

// F36, F37: hostile data and odd names come back byte for byte (I2). On the real server what it takes; by an archive what it refuses. Views, capped and time-series
// collections, collations: test/integration/native-load-kinds.spec.ts.

const patience = 120_000;
const world = new CliWorld();
afterEach(() => expect(world.leftovers()).toEqual([]));
afterAll(() => world.close());

const deep = (levels: number): Document => (levels === 0 ? { end: true } : { a: [deep(levels - 1)] });

const documents: Document[] = [
  { _id: 'nothing' },
  { _id: 'large', text: 'x'.repeat(15 * 2 ** 20) },
  { _id: 'deep', nested: deep(45) },
  {
    _id: 'numbers',
    nan: NaN,
    minusZero: -0,
    infinity: -Infinity,
    tiny: 5e-324,
    int: new BSON.Int32(-1),
    double: new BSON.Double(1),
  },
  {
    _id: 'longs',
    most: BSON.Long.MAX_VALUE,
    least: BSON.Long.MIN_VALUE,
    decimal: BSON.Decimal128.fromString('-0E-6176'),
  },
  {
    _id: 'times',
    epoch: new Date(0),
    before: new Date(-62_135_596_800_000),
    stamp: new BSON.Timestamp({ t: 1, i: 2 }),
  },
  {
    _id: 'binary',
    generic: new BSON.Binary(Buffer.alloc(3)),
    uuid: new BSON.UUID(),
    custom: new BSON.Binary(Buffer.alloc(1), 0x80),
  },
  {
    _id: 'code',
    code: new BSON.Code('return 1'),
    scoped: new BSON.Code('x', { x: 1 }),
    re: new BSON.BSONRegExp('^a', 'imsx'),
  },
  { _id: 'keys', least: new BSON.MinKey(), most: new BSON.MaxKey(), none: null, id: new BSON.ObjectId() },
  { _id: 'text', nul: 'a\0b', astral: '𝄞🏥', nfc: 'é', nfd: 'e\u0301', line: '\u2028\r\n', empty: '' },
  { _id: 'names', '': 1, 'a.b': 2, ' ': 3, __proto__x: 4, constructor: 5, 1: 'one', 0: 'zero' },
  { _id: { a: 1, b: [2] }, compound: true },
];

describe('F36 hostile documents', () => {
  beforeAll(async () => {
    const db = world.client.db(world.database);
    for (const document of documents) await db.collection('hostile').insertOne(document);
    await db
      .collection('many')
      .insertMany(Array.from({ length: 3000 }, (_, at) => ({ _id: at as never, tags: [at, String(at)] })));
    await db.command({
      createIndexes: 'many',
      indexes: [
        { key: { tags: 1 }, name: 'partial', partialFilterExpression: { _id: { $gt: 5 } } },
        { key: { at: 1 }, name: 'ttl', expireAfterSeconds: 2_000_000_000 },
        { key: { text: 'text' }, name: 'text' },
      ],
    });
    await db.createCollection('empty');
    await loadArchive(archiveOf(world.database, 'old', [deprecated()]));
  }, patience);

  it(
    'F36 go through a backup and a restore on the real server, byte for byte, with indexes',
    async () => {
      const { backupId } = await world.backup(world.environment, '--verify');
      const target = `${world.database}_f36`;
      const args = ['restore', backupId, '--to-env', 'TARGET_URI', '--rename', `${world.database}=${target}`];
      expect(await hazina(args, world.environment)).toMatchObject({ code: 0 });
      const uri = services().mongodbUri;
      const comparison = await compareDatabases({ uri, db: world.database }, { uri, db: target });
      expect(comparison).toMatchObject({ differences: [], documents: documents.length + 3001 });
    },
    patience,
  );

  it('F36 that no server would take go through the archive all the same', async () => {
    const archive = archiveOf('fx_raw', 'raw', refusedDocuments());
    expect((await roundTrip(archive)).equals(archive)).toBe(true);
  }, 60_000);
});

/** Duplicate keys, invalid UTF-8, 120 levels, 16 MiB: legal on the wire, or found in old databases. */
function refusedDocuments(): Buffer[] {
  const twice = Buffer.from(BSON.serialize({ _id: 1, aa: 1, bb: 2 }));
  twice.write('aa', twice.indexOf('bb'));
  const badText = Buffer.from(BSON.serialize({ _id: 2, text: 'xx' }));
  badText.set([0xff, 0xfe], badText.lastIndexOf('xx'));
  const badName = Buffer.from(BSON.serialize({ _id: 3, xx: 1 }));
  badName.set([0xc3, 0x28], badName.indexOf('xx'));
  const large = Buffer.from(BSON.serialize({ _id: 4, text: 'x'.repeat(16 * 2 ** 20 - 30) }));
  return [twice, badText, badName, Buffer.from(BSON.serialize({ _id: 5, nested: deep(60) })), large];
}

/** The types that no driver writes any more and old databases hold: undefined (0x06), DBPointer (0x0c), symbol (0x0e). */
function deprecated(): Buffer {
  const text = (value: string) => {
    const length = Buffer.alloc(4);
    length.writeInt32LE(value.length + 1);
    return Buffer.concat([length, Buffer.from(`${value}\0`)]);
  };
  const field = (type: number, name: string, ...value: Buffer[]) =>
    Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), ...value]);
  const elements = Buffer.concat([
    field(0x10, '_id', Buffer.from([6, 0, 0, 0])),
    field(0x06, 'undefined'),
    field(0x0c, 'pointer', text('clinic.visits'), Buffer.alloc(12, 7)),
    field(0x0e, 'symbol', text('sym')),
  ]);
  const length = Buffer.alloc(4);
  length.writeInt32LE(elements.length + 5);
  return Buffer.concat([length, elements, Buffer.alloc(1)]);
}

async function roundTrip(archive: Buffer): Promise<Buffer> {
  const store = createMemoryStore();
  const request = backupRequest();
  await runBackup(backupDeps(store, { archive }), request, noAbort);
  const deps = { store, ring: testRing };
  await runVerify({ ...deps, observer: silentObserver }, { backupId: request.backupId, level: 'readable' }, noAbort);
  return buffer(openArchive(deps, await proveBackup(deps, request.backupId, noAbort), { signal: noAbort }));
}

const names = [
  'é nfc',
  'e\u0301 nfd',
  '日本語',
  'with space',
  ' leading',
  'trailing ',
  'dots.in.the.name',
  'new\nline',
  'tab\there',
  '"quoted"',
  '\u001b[31mred',
  '../../etc/passwd',
  'system-like',
  'a'.repeat(180),
];

describe('F37 odd names', () => {
  const other = `${world.database}_odd`;
  let taken: string[];
  beforeAll(async () => {
    taken = [];
    for (const name of names) {
      const created = await world.client
        .db(other)
        .collection(name)
        .insertOne({ _id: name as never })
        .then(
          () => true,
          () => false,
        );
      if (created) taken.push(name);
    }
  }, patience);

  it(
    'F37 that the server takes come back under their names; keys and output are safe',
    async () => {
      expect(taken.length).toBeGreaterThan(8);
      const environment = {
        ...world.environment,
        MONGODB_URI: world.uri(other),
        BACKUP_DIRECTORY: `${world.folder}/odd`,
      };
      const { backupId } = await world.backup(environment, '--verify');
      const shown = await hazina(['show', backupId], environment);
      expect(shown.code).toBe(0);
      // Nothing that steers a terminal, in what is shown and in what is said on the way.
      const checked = await hazina(['verify', backupId], environment);
      for (const text of [shown.stdout, checked.stdout, checked.stderr])
        expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      // No name of a collection gets into a key.
      const keys = readdirSync(`${world.folder}/odd`, { recursive: true }).map(String);
      expect(keys.length).toBeGreaterThan(5);
      for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9._/-]+$/);
      const target = `${other}_f37`;
      const args = ['restore', backupId, '--to-env', 'TARGET_URI', '--rename', `${other}=${target}`];
      expect(await hazina(args, environment)).toMatchObject({ code: 0 });
      expect(await world.collections(target)).toEqual([...taken].sort());
      const uri = services().mongodbUri;
      const comparison = await compareDatabases({ uri, db: other }, { uri, db: target });
      expect(comparison).toMatchObject({ differences: [], documents: taken.length });
    },
    patience,
  );

  it('F37 that no server here takes go through the archive: 255 bytes, $, .bucket-like, names that differ in case only', async () => {
    const odd = [...names, 'b'.repeat(235), '$cmd', '.hidden', 'system.like', 'Case', 'case', 'nul-free'];
    const archive = buildArchive(
      ['fx_odd', 'FX_odd', 'fx odd'].flatMap((db) =>
        odd.map((collection) => ({ db, collection, documents: [{ _id: 1 }] })),
      ),
    );
    expect((await roundTrip(archive)).equals(archive)).toBe(true);
  });
});
