import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import type { AppError } from '#contracts';
import { Secret, systemClock, systemRandom } from '#contracts';
import {
  craftedBackupId,
  craftedKeyText,
  craftHeader,
  craftPayload,
} from '../../../../test/support/craft-container.js';
import { writeInPieces } from '../../../../test/support/in-pieces.js';
import { firstPlainSegmentBytes, plainSegmentBytes, segmentBytes } from '../constants.js';
import { KeyRing } from '../keys/key-ring.js';
import { parseKey } from '../keys/parse-key.js';
import { createSealer } from '../sealer.js';
import { OpenStream } from './open-stream.js';
import { SegmentOpener } from './segment-cipher.js';

// Megabytes in small pieces, on a machine that has other work to do.
jest.setTimeout(60_000);

const ring = new KeyRing({ current: [parseKey(new Secret(craftedKeyText), 'KEY').key], retired: [] });
const passphrase = new KeyRing({ current: [parseKey(new Secret('pass:twelve letters'), 'KEY').key], retired: [] });
const sealerWith = (sealing: KeyRing) =>
  createSealer({
    content: { kind: 'mongodump-archive', compression: 'none' },
    backupId: craftedBackupId,
    ring: sealing,
    kdfSalt: '5a'.repeat(16),
    clock: systemClock,
    random: systemRandom,
    scryptCost: 16_384,
  });
const newStream = (opening = ring) => new OpenStream({ ring: opening, expect: {} });
const seal = async (plaintext: Buffer): Promise<Buffer> => (await sealerWith(ring)).sealAll(plaintext);

interface Outcome {
  readonly given: Buffer;
  readonly error: AppError | undefined;
}
async function open(bytes: Buffer, size = 300_000): Promise<Outcome> {
  const stream = newStream();
  const given: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => given.push(chunk));
  const ended = once(stream, 'close').then(
    () => undefined,
    (error: unknown) => error as AppError,
  );
  await writeInPieces(stream, bytes, size);
  const error = await ended;
  return { given: Buffer.concat(given), error };
}

// Three segments, the last of 1,000 bytes.
const plaintext = systemRandom.bytes(firstPlainSegmentBytes + plainSegmentBytes + 1000);
const second = 4096 + segmentBytes;
const third = second + segmentBytes;
let file: Buffer;
beforeAll(async () => {
  file = await seal(plaintext);
});
/** Plaintext before the segment that holds this byte of the file. */
const plaintextBefore = (at: number): Buffer =>
  plaintext.subarray(
    0,
    at < second ? 0 : at < third ? firstPlainSegmentBytes : firstPlainSegmentBytes + plainSegmentBytes,
  );

describe('a file that is cut', () => {
  const around = (at: number): number[] => Array.from({ length: 45 }, (_, index) => at - 20 + index);
  const expectedCode = (length: number): string | undefined => {
    if (length < 4096) return 'container/not-a-container';
    if (length <= 4136 || length === second || length === third) return 'container/truncated';
    return 'container/corrupt';
  };

  it.each([4095, 4096, 4136, 4152, second, third])(
    'close to byte %i: refused with the right code, and no byte of the cut segment given out',
    async (edge) => {
      for (const length of around(edge)) {
        const { given, error } = await open(file.subarray(0, length));
        expect({ length, code: error?.code }).toEqual({ length, code: expectedCode(length) });
        expect(
          plaintextBefore(Math.max(length - 1, 0))
            .subarray(0, given.length)
            .equals(given),
        ).toBe(true);
      }
    },
  );

  it('close to its end: corrupt at every length but the whole', async () => {
    for (let length = file.length - 40; length < file.length; length += 1)
      expect((await open(file.subarray(0, length))).error?.code).toBe('container/corrupt');
    expect((await open(file)).given.equals(plaintext)).toBe(true);
  });
});

describe('bytes behind the end', () => {
  it.each([1, 15, 16, 17, 39, 40, 41, segmentBytes - 1, segmentBytes, segmentBytes + 1])(
    '%i of them are refused',
    async (extra) => {
      for (const length of [0, 1000, firstPlainSegmentBytes, firstPlainSegmentBytes + plainSegmentBytes]) {
        const whole = await seal(plaintext.subarray(0, length));
        for (const behind of [Buffer.alloc(extra), whole.subarray(-extra)]) {
          const { error } = await open(Buffer.concat([whole, behind]));
          expect(error?.code).toBe('container/corrupt');
        }
      }
    },
  );

  it('another whole file behind it is refused', async () => {
    expect((await open(Buffer.concat([file, file]))).error?.code).toBe('container/corrupt');
  });
});

describe('a segment that was changed', () => {
  const places = [4136, 4137, second - 17, second - 16, second - 1, second, third - 16, third - 1, third];
  it.each([...places, -16, -1])('at byte %i gives out nothing of itself, and what is before it only', async (place) => {
    const at = place < 0 ? file.length + place : place;
    const changed = Buffer.from(file);
    changed[at] = (changed[at] ?? 0) ^ 0x80;
    for (const size of [4096, 1_048_576, changed.length]) {
      const { given, error } = await open(changed, size);
      const segment = at < second ? 0 : at < third ? 1 : 2;
      const offset = [4136, second, third][segment];
      expect(error).toMatchObject({ code: 'container/corrupt', details: { segment, offset } });
      expect(error?.message).toContain(`Segment ${segment} at byte ${String(offset)}`);
      expect(plaintextBefore(at).subarray(0, given.length).equals(given)).toBe(true);
    }
  });
});

describe('segments in an order or number that no writer makes', () => {
  const full = Buffer.alloc(firstPlainSegmentBytes, 1);
  const next = Buffer.alloc(plainSegmentBytes, 2);
  const end = Buffer.from('end');
  const of = (...segments: [number, boolean, Buffer][]): Buffer =>
    Buffer.concat([
      craftHeader(),
      craftPayload(segments.map(([index, last, bytes]) => ({ index, last, plaintext: bytes }))),
    ]);
  it.each<[string, () => Buffer, string]>([
    ['an empty last segment', () => of([0, false, full], [1, true, Buffer.alloc(0)]), 'container/corrupt'],
    ['a full segment marked as last in the middle', () => of([0, true, full], [1, true, end]), 'container/corrupt'],
    ['an end that is not marked', () => of([0, false, full], [1, false, end]), 'container/corrupt'],
    ['a whole end that is not marked', () => of([0, false, full], [1, false, next]), 'container/truncated'],
    ['a first segment alone that is not marked', () => of([0, false, full]), 'container/truncated'],
    ['an empty plaintext that is not marked', () => of([0, false, Buffer.alloc(0)]), 'container/corrupt'],
    ['a short segment in the middle', () => of([0, false, end], [1, true, end]), 'container/corrupt'],
    ['numbers that begin with 1', () => of([1, true, end]), 'container/corrupt'],
    ['a number left out', () => of([0, false, full], [2, true, end]), 'container/corrupt'],
    ['a number twice', () => of([0, false, full], [0, true, end]), 'container/corrupt'],
    [
      'a payload of another file',
      () =>
        Buffer.concat([
          craftHeader(),
          craftPayload([{ index: 0, last: true, plaintext: end }], { fileId: '00'.repeat(16) }),
        ]),
      'container/corrupt',
    ],
  ])('%s', async (_what, make, code) => {
    const bytes = make();
    for (const size of [7, 1_048_576, bytes.length]) expect((await open(bytes, size)).error?.code).toBe(code);
  });

  it('the right order opens, so the cases above fail for what they say', async () => {
    const { given, error } = await open(of([0, false, full], [1, false, next], [2, true, end]));
    expect(error).toBeUndefined();
    expect(given.equals(Buffer.concat([full, next, end]))).toBe(true);
    expect((await open(of([0, true, Buffer.alloc(0)]))).error).toBeUndefined();
  });

  it.each([0, 39, 41, 255])('a head that says %i', async (length) => {
    const bytes = of([0, true, end]);
    bytes[4096] = length;
    expect((await open(bytes)).error).toMatchObject({ code: 'container/corrupt', details: { segment: 0 } });
    // A payload of 40 bytes is truncated, whatever they are.
    expect((await open(bytes.subarray(0, 4136))).error?.code).toBe('container/truncated');
  });

  it('a segment beyond 2^32 does not exist', () => {
    const opener = new SegmentOpener(Buffer.alloc(32), '00'.repeat(16), Buffer.alloc(40));
    expect(opener.open(2 ** 32, true, Buffer.alloc(16))).toBeNull();
  });
});

describe('a stream that is given up', () => {
  const closed = async (stream: OpenStream): Promise<void> => {
    if (!stream.closed) await once(stream, 'close');
    // A rejection that nobody handles would fail this test one turn later.
    await turn();
  };

  it('before its first byte, after a part of the header, after the header, in a segment', async () => {
    for (const length of [0, 100, 4096, 4136, 5000, second, second + 5]) {
      const stream = newStream();
      if (length > 0) stream.write(file.subarray(0, length));
      await turn();
      stream.destroy();
      await closed(stream);
      const opened = await stream.opened.then(
        () => true,
        () => false,
      );
      expect({ length, opened }).toEqual({ length, opened: length >= 4096 });
    }
  });

  it('while scrypt runs', async () => {
    const sealed = (await sealerWith(passphrase)).sealAll(plaintext);
    const fresh = new KeyRing({ current: passphrase.current, retired: [] });
    const stream = newStream(fresh);
    stream.on('data', () => {
      throw new Error('nothing may be given out');
    });
    stream.write(sealed);
    stream.destroy();
    await closed(stream);
    await expect(stream.opened).rejects.toThrow('destroyed');
    // The derivation ends all the same, and is of use to the next file.
    await fresh.keyIds('5a'.repeat(16));
    await turn();
  });

  it('with an error of its reader', async () => {
    const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) });
    const stream = newStream();
    await expect(pipeline(Readable.from([file]), stream, failing)).rejects.toThrow('disk full');
    await closed(stream);
  });

  it('by a signal, while its source stalls', async () => {
    const abort = new AbortController();
    const stream = newStream();
    const source = new PassThrough();
    const running = pipeline(source, stream, new PassThrough().resume(), { signal: abort.signal });
    source.write(file.subarray(0, 5000));
    await stream.opened;
    abort.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    await closed(stream);
  });

  it('its error is the one error: of the stream, of its end, and of what was opened', async () => {
    const stream = newStream();
    const failed = once(stream, 'end').catch((error: unknown) => error);
    stream.end(Buffer.alloc(4096));
    expect(await failed).toMatchObject({ code: 'container/not-a-container' });
    await expect(stream.opened).rejects.toBe(stream.errored);
  });
});

describe('a reader that is slow', () => {
  it('holds the writer back: few segments wait in memory', async () => {
    const stream = newStream();
    const many = await seal(Buffer.alloc(20 * 1024 * 1024, 1));
    let at = 0;
    for (let turns = 0; turns < 200; turns += 1) {
      while (!stream.writableNeedDrain && at < many.length) {
        stream.write(many.subarray(at, (at += 262_144)));
        await turn();
      }
      await turn();
    }
    expect(at).toBeLessThan(6 * 1024 * 1024);
    stream.destroy();
  });
});
