import { tmpdir } from 'node:os';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { readArchive } from '#archive';
import { createMongorestoreEngine, createNativeLoadEngine, type LoadRequest } from '#engine';
import { uniqueDatabase, waitUntil } from '../services/services.js';
import { compareDatabases } from '../support/compare-databases.js';
import { fixtureArchive } from '../support/native-dump.js';
import { gated, loadRequest, piecesOf, testUri } from '../support/native-load.js';
import { describeWithTools } from '../support/official-tools.js';

// The official mongorestore on a real server, against the native engine: what one makes of an archive the other makes too.

const tmp = mkdtempSync(join(tmpdir(), 'hazina-mongorestore-'));
const { signal } = new AbortController();
const mongorestore = createMongorestoreEngine({
  searchPath: process.env['PATH'] ?? '',
  tmpDir: tmp,
  stallMs: 60_000,
});
const native = createNativeLoadEngine();
const made: string[] = [];
let client: MongoClient;
beforeAll(async () => {
  client = await MongoClient.connect(testUri());
});
afterAll(async () => {
  for (const db of made) await client.db(db).dropDatabase();
  await client.close();
  expect(readdirSync(tmp)).toEqual([]);
  rmSync(tmp, { recursive: true });
}, 120_000);
const database = (): string => {
  const name = uniqueDatabase('tool');
  made.push(name);
  return name;
};

async function loadByBoth(archive: Buffer, changes: Partial<LoadRequest> = {}) {
  const { namespaces } = await readArchive(piecesOf(archive));
  const databases = [...new Set(namespaces.map(({ db }) => db))];
  const [one, other] = [0, 1].map(() => databases.map((from) => ({ from, to: database() })));
  const requests = [one, other].map((rename = []) => loadRequest({ ...changes, rename }));
  const [asNative, asTool] = requests as [LoadRequest, LoadRequest];
  const reports = {
    native: await native.load(asNative, piecesOf(archive), signal),
    tool: await mongorestore.load(asTool, piecesOf(archive), signal),
  };
  const differences: string[] = [];
  for (const [at, { to }] of asNative.rename.entries()) {
    const right = asTool.rename[at]?.to ?? '';
    const compared = await compareDatabases({ uri: testUri(), db: to }, { uri: testUri(), db: right });
    differences.push(...compared.differences);
  }
  return { ...reports, differences };
}

const counts = (namespaces: readonly { collection: string; documents: number; indexes: number }[]) =>
  namespaces.map(({ collection, documents, indexes }) => `${collection}: ${documents}, ${indexes}`).sort();

describeWithTools('the official mongorestore and the native engine', () => {
  it.each(['types.archive', 'clinic.archive', 'clinic.archive.gz', 'multi.archive'])(
    '%s: the same documents, options and indexes, and the same report',
    async (name) => {
      const { native: expected, tool, differences } = await loadByBoth(fixtureArchive(name));
      // A server that takes a validator only afterwards (collMod) is asked so by the native engine alone. Then it is told.
      expect(differences.filter((text) => !text.includes('"validator"'))).toEqual([]);
      const told = tool.warnings.filter((text) => /did not keep: .*validator/.test(text));
      expect(told.length).toBeGreaterThanOrEqual(differences.length);
      expect(tool.outcome).toBe('restored');
      expect(counts(tool.namespaces)).toEqual(counts(expected.namespaces));
    },
    120_000,
  );

  it('forty of five hundred interleaved namespaces', async () => {
    const changes = { include: ['fx_many.c*0'], exclude: ['fx_many.c0*'] };
    const { native: expected, tool, differences } = await loadByBoth(fixtureArchive('many.archive.gz'), changes);
    expect(differences).toEqual([]);
    expect(tool.namespaces).toHaveLength(40);
    expect(counts(tool.namespaces)).toEqual(counts(expected.namespaces));
  }, 120_000);

  it('tells the options that the server did not keep, as the native engine does', async () => {
    const { tool, native: expected } = await loadByBoth(fixtureArchive('listing.archive'));
    const notKept = (warnings: readonly string[]) => warnings.filter((text) => text.includes('did not keep')).length;
    expect(tool.namespaces).toHaveLength(expected.namespaces.length);
    expect(notKept(tool.warnings)).toBeGreaterThanOrEqual(notKept(expected.warnings));
  }, 60_000);

  it('an abort ends it in the middle of a restore', async () => {
    const abort = new AbortController();
    const db = database();
    const archive = fixtureArchive('clinic.archive');
    const request = loadRequest({ rename: [{ from: 'fx_clinic', to: db }] });
    const never = Promise.withResolvers<undefined>();
    const loading = mongorestore.load(
      request,
      gated(archive, () => never.promise),
      abort.signal,
    );
    loading.catch(() => undefined);
    const begun = async () => (await client.db(db).listCollections({}, { nameOnly: true }).toArray()).length > 0;
    await waitUntil(begun, { what: 'mongorestore writes' });
    const since = performance.now();
    abort.abort();
    await expect(loading).rejects.toMatchObject({ code: 'run/cancelled' });
    expect(performance.now() - since).toBeLessThan(10_000);
    never.resolve(undefined);
  }, 60_000);

  it('an archive that turns out damaged at its end is a failure of the archive', async () => {
    const db = database();
    const archive = fixtureArchive('clinic.archive').subarray(0, -1);
    const request = loadRequest({ rename: [{ from: 'fx_clinic', to: db }] });
    await expect(mongorestore.load(request, piecesOf(archive), signal)).rejects.toMatchObject({
      code: 'archive/truncated',
    });
  }, 60_000);
});
