import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { bsonToCanonicalJson } from './extended-json/bson-to-json.js';
import { canonicalJsonToBson } from './extended-json/json-to-bson.js';
import { encodeMetadata, parseMetadata } from './metadata.js';
import { readArchive } from './read-archive.js';

const folder = new URL('../../../test/fixtures/archives/', import.meta.url);
const archives = ['types.archive', 'clinic.archive', 'multi.archive', 'listing.archive', 'many.archive.gz'];
const read = (name: string, documents?: (run: Buffer) => void) =>
  readArchive(
    Readable.from([readFileSync(new URL(name, folder))]),
    documents === undefined ? {} : { documents: (_, run) => documents(run) },
  );

describe.each(archives)('metadata of %s', (name) => {
  it('comes out of parsing and encoding as mongodump wrote it', async () => {
    const { namespaces } = await read(name);
    for (const { metadata } of namespaces) expect(encodeMetadata(parseMetadata(metadata ?? ''))).toBe(metadata);
  });

  it('options and indexes come out of BSON as mongodump wrote them', async () => {
    const { namespaces } = await read(name);
    const texts = namespaces.flatMap(({ metadata }) => {
      const { options, indexes } = parseMetadata(metadata ?? '');
      return [...(options === null ? [] : [options]), ...indexes];
    });
    expect(texts.length).toBeGreaterThan(3);
    for (const text of texts) expect(bsonToCanonicalJson(canonicalJsonToBson(text))).toBe(text);
  });
});

describe('documents of every BSON type', () => {
  it('come out of Extended JSON byte for byte, but for texts that are no UTF-8, NaN with a payload and the like', async () => {
    const documents: Buffer[] = [];
    await read('types.archive', (run) => {
      for (let at = 0; at < run.length; at += run.readInt32LE(at))
        documents.push(Buffer.from(run.subarray(at, at + run.readInt32LE(at))));
    });
    const different = documents.filter((document) => {
      try {
        return !canonicalJsonToBson(bsonToCanonicalJson(document)).equals(document);
      } catch {
        return true;
      }
    });
    expect(documents.length).toBeGreaterThan(100);
    expect(different.length).toBeLessThan(documents.length / 4);
  });
});

describe('field names that objects would lose', () => {
  it.each([
    '{"10":{"$numberInt":"1"},"2":{"$numberInt":"1"}}',
    '{"a":true,"a":false}',
    '{"__proto__":{"$numberInt":"1"},"b":null}',
    '{"":"empty","$x.y":[]}',
  ])('%s', (text) => {
    expect(bsonToCanonicalJson(canonicalJsonToBson(text))).toBe(text);
  });

  it.each(['', '{', '{"a"}', '{"a":1}x', '[1]', '{"a":01}', '{"a":"\n"}', `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`])(
    'refuses %j',
    (text) => {
      expect(() => canonicalJsonToBson(text)).toThrow();
    },
  );
});
