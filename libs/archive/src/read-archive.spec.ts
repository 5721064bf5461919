import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { AppError } from '#contracts';
import { readArchive } from './read-archive.js';

const folder = new URL('../../../test/fixtures/archives/', import.meta.url);
const good = readFileSync(new URL('clinic.archive', folder));
const gzipped = readFileSync(new URL('clinic.archive.gz', folder));

/** Gives the bytes, then nothing more, and never ends. */
function endless(bytes: Buffer): Readable {
  let given = false;
  return new Readable({
    read() {
      if (!given) this.push(bytes);
      given = true;
    },
  });
}

describe('readArchive', () => {
  it.each([
    ['that is none', Buffer.from('no archive at all, and no more'), 'archive/not-an-archive'],
    ['that is damaged', Buffer.from(good).fill(1, 90_000, 90_010), 'archive/'],
    ['that is damaged gzip', Buffer.from(gzipped).fill(1, 40_000, 40_010), 'archive/'],
  ])('lets go of a source %s, although it never ends', async (_what, bytes, code) => {
    const source = endless(bytes);
    const error = await readArchive(source).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code.startsWith(code)).toBe(true);
    expect(source.destroyed).toBe(true);
  });

  it.each([
    ['plain', good],
    ['gzipped', gzipped],
  ])('passes on the error of a source that breaks off (%s)', async (_what, bytes) => {
    const lost = new AppError({ code: 'store/unreachable', stage: 'store', message: 'lost' });
    const source = Readable.from(
      (function* () {
        yield bytes.subarray(0, 50_000);
        throw lost;
      })(),
      { objectMode: false },
    );
    await expect(readArchive(source)).rejects.toBe(lost);
  });
});
