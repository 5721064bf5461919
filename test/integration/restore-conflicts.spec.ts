import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { systemClock } from '#contracts';
import { createNativeLoadEngine, conflictBounds, type ConflictBounds, type LoadRequest } from '#engine';
import { dryRunRestore, fileSource, silentObserver, type ArchiveSource, type DryRun } from '#pipeline';
import { uniqueDatabase } from '../services/unique-names.js';
import { buildArchive, type ArchiveNamespaceInput } from '../support/build-archive.js';
import { contentsOf, loadArchive, loadRequest, piecesOf, testUri } from '../support/native-load.js';

// What a dry run finds in the way, on a real server: it must agree with what a restore then does.

const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'hazina-conflicts-'));
let client: MongoClient;
let db: string;

beforeAll(async () => {
  client = await MongoClient.connect(testUri());
});
afterAll(async () => {
  await client.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  db = uniqueDatabase('conflicts');
});
afterEach(() => client.db(db).dropDatabase());

const people = (changes: Partial<ArchiveNamespaceInput> = {}): ArchiveNamespaceInput => ({
  ...{
    db,
    collection: 'people',
    documents: [
      { _id: 1, mail: 'a' },
      { _id: 2, mail: 'b' },
      { _id: 3, mail: 'a' },
    ],
  },
  ...changes,
});
const unique = { v: 2, key: { mail: 1 }, name: 'mail_1', unique: true };

async function dryRun(
  archive: Buffer,
  changes: Partial<LoadRequest> = {},
  bounds: Partial<ConflictBounds> = {},
): Promise<DryRun> {
  const file = join(folder, `${db}.archive`);
  writeFileSync(file, archive);
  const source = await fileSource(file, { ring: undefined, sidecar: undefined, observer: silentObserver });
  return dryRunRestore(
    {
      ...{ engine: createNativeLoadEngine(), source, observer: silentObserver, clock: systemClock },
      bounds: { ...conflictBounds, ...bounds },
    },
    loadRequest(changes),
    signal,
  );
}
const kindsOf = ({ findings }: DryRun) =>
  findings.conflicts.map(({ kind, blocking, documents }) => [kind, blocking, documents]);
const replace = () => ({ mode: 'replace', confirm: [db] }) as const;

describe('a dry run', () => {
  it('finds nothing in the way of a good archive, and says what it looked at', async () => {
    const { plan, findings, refusal } = await dryRun(buildArchive([people()]));
    expect(refusal).toBeNull();
    expect(plan.namespaces).toMatchObject([{ action: 'create' }]);
    expect(findings.conflicts).toEqual([]);
    expect(findings.checked.join('\n')).toMatch(/unique indexes: 1, those on _id included, on 3 documents/);
    expect(findings.notChecked.join('\n')).toMatch(/after this look/);
    expect(findings.notChecked.join('\n')).not.toMatch(/in part/);
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('names what else stands in the databases that are written, which is left alone', async () => {
    for (const name of ['visits', 'archive', '_hazina_tmp_0_0'])
      await client.db(db).collection(name).insertOne({ a: 1 });
    const { findings } = await dryRun(buildArchive([people()]));
    expect(findings.leftAlone).toEqual([
      { db, collection: 'archive', type: 'collection' },
      { db, collection: 'visits', type: 'collection' },
    ]);
    expect(findings.checked[0]).toBe(
      'names: 1 in the target, of which 0 are taken; 2 more in these databases are left alone',
    );
  });

  it('names what is not empty, counts the ids that are there, and gives the refusal beside it', async () => {
    await client
      .db(db)
      .collection('people')
      .insertMany([{ _id: 2 as never }, { _id: 9 as never }]);
    const found = await dryRun(buildArchive([people(), people({ collection: 'visits' })]));
    expect(found.refusal).toMatchObject({ code: 'target/not-empty' });
    expect(found.plan.namespaces.map(({ action }) => action)).toEqual(['refused', 'create']);
    expect(kindsOf(found)).toEqual([
      ['not-empty', true, 2],
      ['existing-ids', false, 1],
    ]);
    expect(found.findings.conflicts[0]?.message).toContain(`${db}.people (2 documents)`);
    await expect(loadArchive(buildArchive([people()]))).rejects.toMatchObject({ code: 'target/not-empty' });
  });

  it('tells in replace what takes its place and what is gone: documents, unique indexes', async () => {
    const target = client.db(db).collection<{ _id: number; mail: string }>('people');
    await target.insertMany([2, 3, 8, 9].map((_id) => ({ _id, mail: String(_id) })));
    await client
      .db(db)
      .command({ createIndexes: 'people', indexes: [{ key: { mail: 1 }, name: 'mail_1', unique: true }] });
    const found = await dryRun(buildArchive([people()]), replace());
    expect(kindsOf(found)).toEqual([
      ['existing-ids', false, 2],
      ['only-in-target', false, 2],
      ['unique-index', false, 1],
    ]);
    expect(found.findings.conflicts[2]?.message).toMatch(/it is gone afterwards; 1 document of the backup/);
    expect(await target.countDocuments()).toBe(4);
  });

  it.each(['fail', 'keep-last'] as const)(
    'finds documents that break its own indexes (%s), as the restore does',
    async (onConflict) => {
      const documents = [
        { _id: 1, mail: 'a' },
        { _id: 2, mail: 'b' },
        { _id: 2, mail: 'c' },
        { _id: 3, mail: 'a' },
      ];
      const archive = buildArchive([people({ documents, indexes: [unique] })]);
      const isFatal = onConflict === 'fail';
      expect(kindsOf(await dryRun(archive, { onConflict }))).toEqual([
        ['duplicate-ids', isFatal, 1],
        ['unique-index', isFatal, 1],
      ]);
      const restored = loadArchive(archive, { onConflict });
      if (isFatal) await expect(restored).rejects.toMatchObject({ code: 'restore/failed' });
      else expect(await restored).toMatchObject({ namespaces: [{ documents: 2 }] });
    },
  );

  it('asks the server what the validator of the backup would refuse', async () => {
    const options = { validator: { $jsonSchema: { required: ['age'] } } };
    const documents = [{ _id: 1, age: 5 }, { _id: 2, text: '$no expression' }, { _id: 3 }];
    const found = await dryRun(buildArchive([people({ documents, options })]));
    expect(kindsOf(found)).toEqual([['validator', false, 2]]);
    expect(found.findings.checked).toContain('validators: 1, on 3 documents of the backup');
  });

  it('stops at its bounds, and says so', async () => {
    const documents = Array.from({ length: 40 }, (_, _id) => ({ _id, mail: 'same' }));
    const archive = buildArchive([people({ documents, indexes: [unique] })], 10);
    const { findings } = await dryRun(archive, {}, { documents: 10 });
    expect(findings.conflicts).toMatchObject([{ kind: 'unique-index', blocking: true, documents: 9 }]);
    expect(findings.notChecked[0]).toMatch(
      /looks at most at 10 documents.*people \(the first 10 of an unknown number\)/,
    );
  });

  it('gives every collection its share of a backup that can be read in parts', async () => {
    const documents = Array.from({ length: 40 }, (_, _id) => ({ _id }));
    const held = ['large', 'middle', 'small'].map((collection, at) =>
      people({ collection, documents: documents.slice(0, [40, 20, 3][at]) }),
    );
    const opened: string[] = [];
    const source: ArchiveSource = {
      readsParts: true,
      contents: () =>
        Promise.resolve({
          namespaces: held.map(({ collection, documents: { length } = [] }) => ({
            ...{ db, collection, type: 'collection', documents: length, bytes: length * 10 },
          })),
        }),
      open: (_signal, only) => {
        const chosen = held.filter(({ collection }) => only?.include[0] === `${db}.${collection}`);
        opened.push(...chosen.map(({ collection }) => collection));
        return Promise.resolve(piecesOf(buildArchive(chosen, 1), 100));
      },
    };
    const { findings } = await dryRunRestore(
      {
        ...{ engine: createNativeLoadEngine(), source, observer: silentObserver, clock: systemClock },
        bounds: { ...conflictBounds, documents: 27 },
      },
      loadRequest(),
      signal,
    );
    expect(opened).toEqual(['small', 'middle', 'large']);
    expect(findings.notChecked[0]).toContain('large (the first 12 of 40)');
    expect(findings.notChecked[0]).toContain('middle (the first 12 of 20)');
    expect(findings.notChecked[0]).not.toContain('small');
    expect(findings.estimate).toMatchObject({ documents: 63, bytes: 630 });
  });

  it('throws what is wrong with the archive', async () => {
    await expect(dryRun(buildArchive([people()]).subarray(0, -4))).rejects.toMatchObject({
      code: expect.stringMatching(/^archive\//),
    });
  });
});
