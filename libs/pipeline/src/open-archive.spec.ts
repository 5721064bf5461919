import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { PassThrough, Readable, Transform, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { AppError } from '#contracts';
import { joined } from './open-archive.js';

const nothing = (): void => undefined;
/** Gives some bytes, then stalls for ever. */
const stalling = (): Readable => {
  const source = new PassThrough();
  source.write('some');
  return source;
};
const refusal = new AppError({ code: 'backup/mismatch', stage: 'open', message: 'refused at the end' });

describe('a chain of streams as one', () => {
  it('gives every byte, and asks at the end', async () => {
    let asked = 0;
    const bytes = Buffer.alloc(5_000_000, 7);
    const sut = joined([Readable.from([bytes]), new PassThrough()], () => (asked += 1));
    expect((await buffer(sut)).equals(bytes)).toBe(true);
    expect(asked).toBe(1);
  });

  it('does not end when it is refused at the end', async () => {
    const sut = joined([Readable.from([Buffer.from('x')]), new PassThrough()], () => {
      throw refusal;
    });
    let ended = false;
    sut.once('end', () => (ended = true));
    await expect(buffer(sut)).rejects.toBe(refusal);
    expect(ended).toBe(false);
  });

  it.each([
    ['unread', nothing],
    ['being read', (sut: Readable) => void sut.resume()],
    ['waiting for more', (sut: Readable) => void sut[Symbol.asyncIterator]().next().catch(nothing)],
  ])('lets go of a source that stalls, when it is given up %s', async (_when, use) => {
    const [source, middle] = [stalling(), new PassThrough()];
    const sut = joined([source, middle], nothing);
    use(sut);
    await turn();
    sut.destroy();
    await once(sut, 'close');
    await turn();
    expect([source.destroyed, middle.destroyed]).toEqual([true, true]);
  });

  it('lets go of a source when its reader fails', async () => {
    const source = stalling();
    const sut = joined([source, new PassThrough()], nothing);
    const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) });
    await expect(pipeline(sut, failing)).rejects.toThrow('disk full');
    await turn();
    expect(source.destroyed).toBe(true);
  });

  it('passes on an error of any stage, as it is when it is one of ours', async () => {
    const source = stalling();
    const sut = joined([source, new PassThrough()], nothing);
    source.destroy(refusal);
    await expect(buffer(sut)).rejects.toBe(refusal);
    const broken = new Transform({ transform: (_chunk, _encoding, done) => done(new Error('broken')) });
    await expect(buffer(joined([stalling(), broken], nothing))).rejects.toMatchObject({ code: 'internal/unexpected' });
  });

  it('keeps an error for a reader that comes late', async () => {
    const source = stalling();
    const sut = joined([source, new PassThrough()], nothing);
    source.destroy(refusal);
    await new Promise((resolve) => sut.once('close', resolve));
    await turn();
    await expect(buffer(sut)).rejects.toBe(refusal);
    await expect(pipeline(sut, new PassThrough())).rejects.toBe(refusal);
  });
});
