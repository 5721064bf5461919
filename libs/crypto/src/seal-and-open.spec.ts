import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { Secret, systemClock, systemRandom } from '#contracts';
import { firstPlainSegmentBytes, headerBytes, plainSegmentBytes } from './constants.js';
import { KeyRing } from './keys/key-ring.js';
import { generateKey, parseKey } from './keys/parse-key.js';
import { createOpenStream, inspectHeader, openAll } from './opener.js';
import { rewrapHeader } from './rewrap-header.js';
import { createSealer } from './sealer.js';
import { plaintextSize, sealedSize, segmentOf, segmentRange } from './sizes.js';

const backupId = 'clinic-20261123T020000Z-k3f9q2';
const kdfSalt = '5a'.repeat(16);
const key = (text?: string) => parseKey(text === undefined ? generateKey(systemRandom) : new Secret(text), 'KEY').key;
const ring = new KeyRing({ current: [key()], retired: [] });
const sealer = (sealRing = ring) =>
  createSealer({
    content: { kind: 'mongodump-archive', compression: 'none' },
    backupId,
    ring: sealRing,
    kdfSalt,
    clock: systemClock,
    random: systemRandom,
    scryptCost: 16_384,
  });
const expectation = { kind: 'mongodump-archive', backupId } as const;

async function sealStream(plaintext: Buffer, piece: number): Promise<Buffer> {
  const { stream } = await sealer();
  const pieces = Array.from({ length: Math.ceil(plaintext.length / piece) }, (_, at) =>
    plaintext.subarray(at * piece, (at + 1) * piece),
  );
  return buffer(Readable.from(pieces, { objectMode: false }).pipe(stream));
}
const openStream = async (sealed: Buffer): Promise<Buffer> => {
  const stream = createOpenStream({ ring, expect: expectation });
  stream.end(sealed);
  return buffer(stream);
};

const edges = [0, 1, 15, 16, 17, firstPlainSegmentBytes, firstPlainSegmentBytes + plainSegmentBytes];

describe('a round trip', () => {
  it.each(
    edges
      .flatMap((edge) => [edge - 1, edge, edge + 1])
      .filter((length, at, all) => length >= 0 && all.indexOf(length) === at),
  )('of %i bytes', async (length) => {
    const plaintext = randomBytes(length);
    const sealed = await sealStream(plaintext, 300_000);
    expect(sealed.length).toBe(sealedSize(length));
    expect(plaintextSize(sealed.length)).toBe(length);
    expect((await openStream(sealed)).equals(plaintext)).toBe(true);
    const whole = (await sealer()).sealAll(plaintext);
    expect((await openAll(whole, { ring, expect: expectation })).plaintext.equals(plaintext)).toBe(true);
  });

  it('of any text in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 700 }), async (bytes, piece) => {
        const sealed = await sealStream(Buffer.from(bytes), piece);
        expect((await openStream(sealed)).equals(Buffer.from(bytes))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('opens with each of several keys, a passphrase in NFC and NFD among them', async () => {
    const keys = [
      key(),
      key('pass:clé-sécurisée-à-garder'),
      key('base64:yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc='),
    ];
    const sealed = (await sealer(new KeyRing({ current: keys, retired: [] }))).sealAll(Buffer.from('x'));
    for (const one of [...keys, key(`pass:${'clé-sécurisée-à-garder'.normalize('NFD')}`)]) {
      const opened = await openAll(sealed, { ring: new KeyRing({ current: [], retired: [one] }), expect: {} });
      expect(opened.plaintext.toString()).toBe('x');
    }
    expect(inspectHeader(sealed).slots.map(({ kind }) => kind)).toEqual(['raw', 'scrypt', 'raw']);
  });

  it('never seals two files alike', async () => {
    const [one, two] = [(await sealer()).sealAll(Buffer.alloc(100)), (await sealer()).sealAll(Buffer.alloc(100))];
    expect(one.equals(two)).toBe(false);
    expect(one.subarray(headerBytes).equals(two.subarray(headerBytes))).toBe(false);
  });
});

describe('sizes', () => {
  it('agree with each other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 43 }), (plaintext) => {
        expect(plaintextSize(sealedSize(plaintext))).toBe(plaintext);
        const { index, within } = segmentOf(plaintext);
        const { start } = segmentRange(index, Number.MAX_SAFE_INTEGER);
        const before = index === 0 ? 0 : firstPlainSegmentBytes + (index - 1) * plainSegmentBytes;
        expect(before + within).toBe(plaintext);
        expect(start).toBe(index === 0 ? 4136 : 4096 + index * 1_048_576);
      }),
    );
  });

  it.each([0, 4095, 4096, 4136, 4151])('no file has %i bytes', (bytes) => {
    expect(plaintextSize(bytes)).toBeUndefined();
  });
});

describe('a sidecar of our own', () => {
  it('opens the old file with the new key alone, and says nothing', async () => {
    const next = new KeyRing({ current: [key()], retired: [] });
    const sealed = (await sealer()).sealAll(Buffer.from('kept'));
    const sidecar = await rewrapHeader(sealed, { from: ring, to: next, kdfSalt, random: systemRandom });
    const opened = await openAll(sealed, { ring: next, expect: expectation, sidecar });
    expect(opened).toMatchObject({ warnings: [] });
    expect(opened.plaintext.toString()).toBe('kept');
    await expect(openAll(sealed, { ring: next, expect: expectation })).rejects.toMatchObject({
      code: 'container/no-key',
    });
  });
});

describe('what is asked for', () => {
  it.each([{ kind: 'manifest' as const }, { backupId: 'clinic-20261123T020000Z-zzzzzz' }])(
    '%j: refused',
    async (expect_) => {
      const sealed = (await sealer()).sealAll(Buffer.from('x'));
      await expect(openAll(sealed, { ring, expect: expect_ })).rejects.toMatchObject({
        code: 'container/not-the-one-asked-for',
      });
    },
  );
});

describe('keys in errors and logs', () => {
  it('are redacted', () => {
    const text = `hex:${'ab'.repeat(32)}`;
    const { key: parsed } = parseKey(new Secret(text), 'KEY');
    expect(inspect({ parsed }, { depth: 9, showHidden: true }) + JSON.stringify(parsed)).not.toMatch(/abab/);
  });
});
