import { createReadStream, readFileSync, readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGzip, createZstdCompress, gunzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createMemoryStore } from '#storage';
import { backupDeps, backupRequest, noAbort, storeContents, testRing } from '../../../../test/support/backup-world.js';
import { buildArchive } from '../../../../test/support/build-archive.js';
import { silentObserver } from '../deps.js';
import { proveBackup } from '../objects/prove-backup.js';
import { runBackup } from '../run-backup.js';
import { runVerify } from '../run-verify.js';
import { backupSource } from '../sources/backup-source.js';
import { importEngine, type ImportedDump } from './import-engine.js';

const folder = new URL('../../../../test/fixtures/archives/', import.meta.url);
const modifiedAt = new Date('2019-03-01T12:00:00.000Z');

function fileOf(name: string): ImportedDump {
  const path = new URL(name, folder);
  return { stream: createReadStream(path), name, bytes: readFileSync(path).length, modifiedAt };
}

function take(dump: ImportedDump) {
  const store = createMemoryStore();
  const request = backupRequest({ trigger: 'cli' });
  const run = runBackup({ ...backupDeps(store), engine: importEngine(dump) }, request, noAbort);
  return { store, request, run };
}

/** The beginning of an archive, and one collection after another. */
function* endlessPrelude(onBytes: (bytes: number) => void): Generator<Buffer> {
  const pieceOf = (from: number) =>
    buildArchive(Array.from({ length: 500 }, (_, at) => ({ db: 'bomb', collection: `c${from + at}`, documents: [] })));
  const whole = pieceOf(0);
  // Its magic, header and collections: all before the first terminator.
  const prelude = whole.subarray(0, whole.indexOf(Buffer.from([0xff, 0xff, 0xff, 0xff])));
  yield prelude;
  const header = 4 + prelude.readInt32LE(4);
  for (;;) {
    onBytes(prelude.length - header);
    yield prelude.subarray(header);
  }
}

describe('a dump that others made', () => {
  it.each(['clinic.archive', 'clinic.archive.gz', 'multi.archive', 'types.archive', 'interleaved.archive.gz'])(
    '%s becomes a backup of its own, byte for byte',
    async (name) => {
      const { store, request, run } = take(fileOf(name));
      const { backup, warnings } = await run;
      expect(backup.engine.name).toBe('import');
      expect(backup.engine.version).not.toBe('');
      expect(backup.server.version).toMatch(/^\d+\./);
      expect(warnings).toEqual([expect.stringContaining('2019-03-01T12:00:00.000Z')]);
      const { backupId } = request;
      await runVerify({ store, ring: testRing, observer: silentObserver }, { backupId, level: 'readable' }, noAbort);
      const proven = await proveBackup({ store, ring: testRing }, backupId, noAbort);
      const source = backupSource({ store, ring: testRing, observer: silentObserver }, proven);
      const original = readFileSync(new URL(name, folder));
      expect(
        (await buffer(await source.open(noAbort))).equals(name.endsWith('gz') ? gunzipSync(original) : original),
      ).toBe(true);
    },
  );

  it('comes in pieces of one byte, and compressed with zstd', async () => {
    const packed = zstdCompressSync(readFileSync(new URL('clinic.archive', folder)));
    const pieces = [...[...packed.subarray(0, 500)].map((byte) => Buffer.from([byte])), packed.subarray(500)];
    const stream = Readable.from(pieces, { objectMode: false });
    const { run } = take({ stream, name: 'standard input', bytes: null, modifiedAt: null });
    expect((await run).backup.totals.documents).toBeGreaterThan(0);
  });

  it.each(readdirSync(new URL('damaged/', folder)))('%s is refused, and leaves nothing', async (name) => {
    const { store, run } = take(fileOf(`damaged/${name}`));
    await expect(run).rejects.toMatchObject({
      code: expect.stringMatching(/^(archive|compression)\//),
      hint: expect.any(String),
    });
    expect(await storeContents(store)).toEqual([]);
  });

  it.each([0, 3, 7, 100, 5_000])('zstd cut after %i bytes is refused, and leaves nothing', async (bytes) => {
    const packed = zstdCompressSync(readFileSync(new URL('multi.archive', folder)));
    const stream = Readable.from([packed.subarray(0, Math.min(bytes, packed.length - 1))], { objectMode: false });
    const { store, run } = take({ stream, name: 'cut', bytes: null, modifiedAt: null });
    await expect(run).rejects.toMatchObject({ code: expect.stringMatching(/^(archive|compression)\//) });
    expect(await storeContents(store)).toEqual([]);
  });

  it.each(['plain', 'gzip', 'zstd'] as const)(
    'whose list of collections never ends is refused soon, %s',
    async (form) => {
      let taken = 0;
      const endless = Readable.from(
        endlessPrelude((bytes) => (taken += bytes)),
        { objectMode: false },
      );
      const packed = form === 'plain' ? endless : endless.pipe(form === 'gzip' ? createGzip() : createZstdCompress());
      const store = createMemoryStore();
      const engine = importEngine({ stream: packed, name: 'bomb', bytes: null, modifiedAt: null }, 1024 * 1024);
      await expect(
        runBackup({ ...backupDeps(store), engine }, backupRequest({ trigger: 'cli' }), noAbort),
      ).rejects.toMatchObject({
        code: 'archive/corrupt-structure',
        retry: 'no-retry',
        message: expect.stringContaining('bomb is not whole: it lists collections for more than 1048576 bytes'),
        hint: expect.stringContaining('If it is a real dump'),
      });
      endless.destroy();
      expect(await storeContents(store)).toEqual([]);
      // What stands in pipes and codecs is read besides.
      expect(taken).toBeLessThan(64 * 1024 * 1024);
    },
  );

  it('that is sealed already is refused by name', async () => {
    const path = new URL('../../../../test/vectors/container/content-zstd.hzn', import.meta.url);
    const { run } = take({ stream: createReadStream(path), name: 'data.hzn', bytes: null, modifiedAt: null });
    await expect(run).rejects.toMatchObject({
      code: 'cli/bad-arguments',
      hint: expect.stringContaining('catalog sync'),
    });
  });
});
