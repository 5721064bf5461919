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
import { createSealer } from './sealer.js';
import { plaintextSize, sealedSize } from './sizes.js';

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
