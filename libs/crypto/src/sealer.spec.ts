import { describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { PassThrough, Readable, Writable, type Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { Secret, systemClock, systemRandom, type Random } from '#contracts';
import { firstPlainSegmentBytes, plainSegmentBytes } from './constants.js';
import { KeyRing } from './keys/key-ring.js';
import { generateKey, parseKey } from './keys/parse-key.js';
import { openAll } from './opener.js';
import { SegmentSealer } from './payload/segment-cipher.js';
import { createSealer, type Sealer, type SealOptions } from './sealer.js';

// Megabytes in small pieces, on a machine that has other work to do.
jest.setTimeout(60_000);

const key = () => parseKey(generateKey(systemRandom), 'KEY').key;
const ring = new KeyRing({ current: [key()], retired: [] });
const options: SealOptions = {
  content: { kind: 'manifest', compression: 'none' },
  backupId: 'clinic-20261123T020000Z-k3f9q2',
  ring,
  kdfSalt: '5a'.repeat(16),
  clock: systemClock,
  random: systemRandom,
  scryptCost: 16_384,
};
const sealer = (changes: Partial<SealOptions> = {}) => createSealer({ ...options, ...changes });
const opened = async (sealed: Buffer): Promise<string> =>
  (await openAll(sealed, { ring, expect: {} })).plaintext.toString();

describe('a sealer', () => {
  const through = async (stream: Transform, text: string): Promise<Buffer> => {
    const [, sealed] = await Promise.all([pipeline(Readable.from([Buffer.from(text)]), stream), buffer(stream)]);
    return sealed;
  };
  const uses: Record<string, (sealer: Sealer, text: string) => Promise<Buffer>> = {
    sealAll: async (sut, text) => Promise.resolve(sut.sealAll(Buffer.from(text))),
    stream: (sut, text) => through(sut.stream, text),
    'empty stream': (sut) => through(sut.stream, ''),
  };
  const names = Object.keys(uses);

  it.each(names.flatMap((first) => names.map((second) => [first, second] as const)))(
    'used by %s is refused to %s',
    async (first, second) => {
      const sut = await sealer();
      const sealed = await uses[first]?.(sut, 'first');
      expect(await opened(sealed ?? Buffer.alloc(0))).toBe(first === 'empty stream' ? '' : 'first');
      await expect((async () => uses[second]?.(sut, 'second'))()).rejects.toThrow();
    },
  );

  it('throws from sealAll at once, and seals nothing', async () => {
    const sut = await sealer();
    sut.sealAll(Buffer.from('first'));
    expect(() => sut.sealAll(Buffer.from('second'))).toThrow('this sealer has sealed its file');
  });

  it('whose stream has begun is refused to sealAll, and the stream goes on', async () => {
    const sut = await sealer();
    sut.stream.write('fir');
    expect(() => sut.sealAll(Buffer.from('second'))).toThrow('this sealer has sealed its file');
    sut.stream.end('st');
    expect(await opened(await buffer(sut.stream))).toBe('first');
  });

  it('used by sealAll fails its stream at the first byte, as an error of the stream and not of the writer', async () => {
    const sut = await sealer();
    const { stream } = sut;
    sut.sealAll(Buffer.from('first'));
    const failed = once(stream, 'error');
    expect(() => stream.write('second')).not.toThrow();
    expect(String(await failed)).toContain('this sealer has sealed its file');
    expect(stream.read()).toBeNull();
  });

  it('gives out the same stream each time, and is not used by a look at it', async () => {
    const sut = await sealer();
    expect(sut.stream).toBe(sut.stream);
    sut.stream.destroy();
    expect(await opened(sut.sealAll(Buffer.from('first')))).toBe('first');
  });

  it('of a stream that was given up seals nothing more', async () => {
    const sut = await sealer();
    sut.stream.write('first');
    sut.stream.destroy();
    expect(() => sut.sealAll(Buffer.from('second'))).toThrow();
  });
});

describe('segments', () => {
  it('are sealed once each, in order, and none after the last', () => {
    const sut = new SegmentSealer(Buffer.alloc(32), '00'.repeat(16), Buffer.alloc(40));
    const [one, two] = [sut.seal(Buffer.from('same'), false), sut.seal(Buffer.from('same'), false)];
    expect(Buffer.concat(one).equals(Buffer.concat(two))).toBe(false);
    sut.seal(Buffer.from('same'), true);
    expect(() => sut.seal(Buffer.from('same'), true)).toThrow('nonce');
    expect(() => sut.seal(Buffer.from('same'), false)).toThrow('nonce');
  });

  it('are not sealed after the key was wiped', () => {
    const sut = new SegmentSealer(Buffer.alloc(32, 1), '00'.repeat(16), Buffer.alloc(40));
    sut.wipe();
    expect(() => sut.seal(Buffer.from('x'), true)).toThrow();
  });
});

describe('what no reader would open is not sealed', () => {
  it.each([0, 8192, 16_383, 20_000, 262_145, 524_288, Number.NaN])('a scrypt cost of %d', async (scryptCost) => {
    await expect(sealer({ scryptCost })).rejects.toThrow('scrypt cost');
  });

  it.each([
    ['no key', []],
    ['nine keys', Array.from({ length: 9 }, key)],
  ])('%s', async (_what, current) => {
    await expect(sealer({ ring: new KeyRing({ current, retired: [key()] }) })).rejects.toThrow(/key|header/);
  });

  it('eight keys are sealed, and each opens', async () => {
    const current = Array.from({ length: 8 }, key);
    const sealed = (await sealer({ ring: new KeyRing({ current, retired: [] }) })).sealAll(Buffer.from('x'));
    for (const one of current) {
      const { plaintext } = await openAll(sealed, { ring: new KeyRing({ current: [], retired: [one] }), expect: {} });
      expect(plaintext.toString()).toBe('x');
    }
  });

  it.each(['', '../x', 'Clinic-20261123T020000Z-k3f9q2'])('the backup id %j', async (backupId) => {
    await expect(sealer({ backupId })).rejects.toThrow('could not be read back');
  });

  it('a time that has no form in the header', async () => {
    const clock = { ...systemClock, now: () => new Date(Date.UTC(10_000, 0)) };
    await expect(sealer({ clock })).rejects.toThrow('could not be read back');
  });

  it('a salt of the store that is none', async () => {
    const { key: pass } = parseKey(new Secret('pass:twelve letters'), 'KEY');
    const withPass = new KeyRing({ current: [pass], retired: [] });
    for (const kdfSalt of ['', '5A'.repeat(16), '5a'.repeat(15)])
      await expect(sealer({ ring: withPass, kdfSalt })).rejects.toThrow('could not be read back');
  });
});

describe('a data key', () => {
  it('is wiped as soon as the sealer has what it needs, also when that fails', async () => {
    const given: Buffer[] = [];
    const random: Random = {
      bytes: (length) => {
        const bytes = systemRandom.bytes(length);
        given.push(bytes);
        return bytes;
      },
    };
    await sealer({ random });
    await expect(sealer({ random, backupId: 'x' })).rejects.toThrow();
    const deks = given.filter(({ length }) => length === 32);
    expect(deks).toHaveLength(2);
    for (const dek of deks) expect(dek.equals(Buffer.alloc(32))).toBe(true);
  });
});

describe('a seal stream', () => {
  it('gives the same bytes for any pieces, at every edge of a segment', async () => {
    for (const edge of [0, 1, firstPlainSegmentBytes, firstPlainSegmentBytes + plainSegmentBytes])
      for (const length of [edge - 1, edge, edge + 1].filter((one) => one >= 0)) {
        const plaintext = systemRandom.bytes(length);
        for (const size of [1000, firstPlainSegmentBytes, plainSegmentBytes, 3_000_000]) {
          const { stream } = await sealer();
          const reading = buffer(stream);
          for (let at = 0; at < length; at += size)
            if (!stream.write(plaintext.subarray(at, at + size))) await once(stream, 'drain');
          stream.end();
          expect((await openAll(await reading, { ring, expect: {} })).plaintext.equals(plaintext)).toBe(true);
        }
      }
  });

  it('holds the writer back when nobody reads', async () => {
    const { stream } = await sealer();
    let written = 0;
    for (let turns = 0; turns < 200; turns += 1) {
      if (!stream.writableNeedDrain) {
        stream.write(Buffer.alloc(262_144));
        written += 262_144;
      }
      await turn();
    }
    expect(written).toBeLessThan(6 * 1024 * 1024);
    stream.destroy();
  });

  it('that is given up ends its pipeline with the cause, and nothing hangs', async () => {
    const { stream } = await sealer();
    const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) });
    const source = new PassThrough();
    const running = pipeline(source, stream, failing);
    source.write('x');
    await expect(running).rejects.toThrow('disk full');
    expect([source.destroyed, stream.destroyed]).toEqual([true, true]);
    await turn();
  });

  it('whose source breaks off never ends as if it were whole', async () => {
    const { stream } = await sealer();
    const sink = new PassThrough().resume();
    let ended = false;
    sink.once('end', () => (ended = true));
    const source = Readable.from(
      (function* () {
        yield Buffer.alloc(2_000_000);
        throw new Error('lost');
      })(),
    );
    await expect(pipeline(source, stream, sink)).rejects.toThrow('lost');
    await turn();
    expect(ended).toBe(false);
  });
});
