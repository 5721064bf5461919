import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { Readable } from 'node:stream';
import { readArchive } from '#archive';
import { uniqueDatabase } from '../services/unique-names.js';
import { contentsOf, loadArchive, testUri } from '../support/native-load.js';

// Archives of the official mongodump, good and damaged (test/fixtures/archives), through the native loader on a real server.

const folder = join(import.meta.dirname, '../fixtures/archives');
/** Five hundred collections take their time on the test server. */
const patience = 60_000;
const read = (name: string) => {
  const bytes = readFileSync(join(folder, name));
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
};
const good = readdirSync(folder).filter((name) => /\.archive(\.gz)?$/.test(name));
const damaged = readdirSync(join(folder, 'damaged')).filter((name) => name.endsWith('.archive'));

let client: MongoClient;
beforeAll(async () => {
  client = await MongoClient.connect(testUri());
});
afterAll(() => client.close());

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64');

/** Sorted hashes of the raw documents of each namespace of the archive. */
async function archivedDocuments(archive: Buffer): Promise<Map<string, string[]>> {
  const hashes = new Map<string, string[]>();
  await readArchive(Readable.from([archive]), {
    documents: ({ db, collection }, run) => {
      const key = JSON.stringify([db, collection]);
      const list = hashes.get(key) ?? [];
      hashes.set(key, list);
      for (let start = 0; start < run.length; start += run.readInt32LE(start))
        list.push(hashOf(run.subarray(start, start + run.readInt32LE(start))));
    },
  });
  return hashes;
}

async function restoredDocuments(db: string, collection: string): Promise<string[]> {
  const hashes: string[] = [];
  for await (const document of client.db(db).collection(collection).find({}, { raw: true, batchSize: 200 })) {
    if (document instanceof Uint8Array) hashes.push(hashOf(document));
  }
  return hashes.sort();
}

describe('good archives', () => {
  it.each(good)(
    '%s: every document comes back byte for byte',
    async (name) => {
      const archive = read(name);
      const expected = await archivedDocuments(archive);
      const databases = [...new Set([...expected.keys()].map((key) => (JSON.parse(key) as [string])[0]))];
      const rename = databases.map((from) => ({ from, to: uniqueDatabase('load') }));
      const target = new Map(rename.map(({ from, to }) => [from, to]));
      try {
        const report = await loadArchive(archive, { rename });
        expect(report.outcome).toBe('restored');
        for (const [key, hashes] of expected) {
          const [db, collection] = JSON.parse(key) as [string, string];
          expect(await restoredDocuments(target.get(db) ?? '', collection)).toEqual(hashes.sort());
          const reported = report.namespaces.find(
            (other) => other.db === target.get(db) && other.collection === collection,
          );
          expect(reported?.documents).toBe(hashes.length);
        }
        for (const { to } of rename) {
          const names = (await contentsOf(client, to)).filter((text) => text.startsWith('_hazina'));
          expect(names).toEqual([]);
        }
      } finally {
        for (const { to } of rename) await client.db(to).dropDatabase();
      }
    },
    patience,
  );
});

describe('damaged archives', () => {
  it.each(damaged)('%s: the error of the archive, and a target as it was', async (name) => {
    const archive = readFileSync(join(folder, 'damaged', name));
    const db = uniqueDatabase('load');
    const rename = [{ from: 'fx_clinic', to: db }];
    await client.db(db).collection('mine').insertOne({ a: 1 });
    try {
      await expect(loadArchive(archive, { rename })).rejects.toMatchObject({
        code: expect.stringMatching(/^archive\//),
      });
      expect(await contentsOf(client, db)).toEqual(['mine (1, 1)']);
    } finally {
      await client.db(db).dropDatabase();
    }
  });
});
