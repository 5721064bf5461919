import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { AppError, Secret } from '#contracts';
import { craftFields, craftFile, craftHeader, craftSlot } from '../../../../test/support/craft-container.js';
import { openAll } from '../opener.js';
import { KeyRing } from './key-ring.js';
import { parseKey } from './parse-key.js';
import { isAllowedCost } from './scrypt-cost.js';

const parse = (text: string) => parseKey(new Secret(text), 'KEY').key;
const passphrases = ['pass:the first of them', 'pass:the second one', 'pass:and the third'].map(parse);
const raw = parse(`hex:${'11'.repeat(32)}`);
const salt = (byte: number): string => Buffer.alloc(16, byte).toString('hex');

/** scrypt's double: counts its runs, and fails when told to. */
class Scrypt {
  runs: string[] = [];
  running = 0;
  mostRunning = 0;
  failures = 0;
  readonly derive = async (passphrase: string, kdfSalt: Buffer, n: number): Promise<Buffer> => {
    this.runs.push(`${passphrase}/${kdfSalt.toString('hex')}/${n}`);
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    await turn();
    this.running -= 1;
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('memory limit exceeded');
    }
    return Buffer.from(passphrase.normalize('NFC').padEnd(32).slice(0, 32));
  };
}

describe('scrypt', () => {
  it('runs once also for a ring of the current keys alone', async () => {
    const scrypt = new Scrypt();
    const sut = new KeyRing({ current: passphrases.slice(0, 1), retired: passphrases.slice(1) }, scrypt.derive);
    const [whole, ...alone] = [
      await sut.keyIds(salt(1)),
      await sut.currentOnly().keyIds(salt(1)),
      await sut.currentOnly().keyIds(salt(1)),
    ];
    expect(alone).toEqual([whole.slice(0, 1), whole.slice(0, 1)]);
    expect(await sut.currentKeyIds(salt(1))).toEqual([whole[0]?.keyId]);
    expect(scrypt.runs).toHaveLength(3);
  });

  it('runs once per passphrase, salt and cost, and never twice at the same time', async () => {
    const scrypt = new Scrypt();
    const sut = new KeyRing({ current: passphrases, retired: [] }, scrypt.derive);
    const [first] = passphrases;
    if (first === undefined) throw new Error('no key');
    await Promise.all([
      sut.keyIds(salt(1)),
      sut.keyIds(salt(1)),
      sut.keyIds(salt(2)),
      sut.kekOf(first, salt(1), 16_384),
      sut.kekOf(first, salt(1), 16_384),
    ]);
    expect(scrypt.runs).toHaveLength(7);
    expect(new Set(scrypt.runs).size).toBe(7);
    expect(scrypt.mostRunning).toBe(1);
  });

  it('of a passphrase in NFC and in NFD is one', async () => {
    const scrypt = new Scrypt();
    const forms = ['NFC', 'NFD'].map((form) => parse(`pass:clé-sécurisée-à-garder`.normalize(form)));
    const keyIds = await new KeyRing({ current: forms, retired: [] }, scrypt.derive).keyIds(salt(1));
    expect(scrypt.runs).toHaveLength(1);
    expect(keyIds[0]).toEqual(keyIds[1]);
  });

  it('that failed once is tried again by the next who asks, and others go on', async () => {
    const scrypt = new Scrypt();
    const sut = new KeyRing({ current: passphrases.slice(0, 2), retired: [] }, scrypt.derive);
    const [first, second] = sut.current;
    if (first === undefined || second === undefined) throw new Error('no keys');
    scrypt.failures = 1;
    const failing = sut.kekOf(first, salt(1), 16_384);
    const after = sut.kekOf(second, salt(1), 16_384);
    await expect(failing).rejects.toThrow('memory limit exceeded');
    expect((await after).keyId).toHaveLength(16);
    expect((await sut.kekOf(first, salt(1), 16_384)).keyId).toHaveLength(16);
    expect(scrypt.runs).toHaveLength(3);
  });

  it('that failed is not taken for a wrong key', async () => {
    const scrypt = new Scrypt();
    scrypt.failures = 1;
    const sut = new KeyRing({ current: passphrases, retired: [] }, scrypt.derive);
    const header = craftHeader(craftFields({ slots: [slotOf(16_384)] }));
    const error = await openAll(craftFile(header), { ring: sut, expect: {} }).catch((thrown: unknown) => thrown);
    expect(error).not.toBeInstanceOf(AppError);
    expect(String(error)).toContain('memory limit exceeded');
  });
});

function slotOf(n: number, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ...craftSlot({ key: Buffer.alloc(32, 9) }),
    kind: 'scrypt',
    n,
    r: 8,
    p: 1,
    kdfSalt: salt(n % 251),
    ...changes,
  };
}

describe('a header that nobody has authenticated', () => {
  const open = async (slots: unknown[], keys = passphrases) => {
    const scrypt = new Scrypt();
    const ring = new KeyRing({ current: keys, retired: [] }, scrypt.derive);
    const opened = await openAll(craftFile(craftHeader(craftFields({ slots }))), { ring, expect: {} }).then(
      () => 'opens',
      (error: unknown) => (error as AppError).code,
    );
    return { opened, runs: scrypt.runs.length };
  };

  it.each([0, -16_384, 1, 2, 8192, 16_383, 16_385, 20_000, 262_143, 262_145, 524_288, 2 ** 31, 2 ** 53, 1e300])(
    'cannot make us pay a cost of n = %d',
    async (n) => {
      expect(await open([slotOf(n)])).toEqual({ opened: 'container/unsupported', runs: 0 });
    },
  );

  it.each([{ r: 0 }, { r: 1 }, { r: 7 }, { r: 9 }, { r: 16 }, { r: -8 }, { p: 0 }, { p: 2 }, { p: 2 ** 30 }])(
    'nor one of %j',
    async (changes) => {
      expect(await open([slotOf(16_384, changes)])).toEqual({ opened: 'container/unsupported', runs: 0 });
    },
  );

  it('makes those who hold no passphrase pay nothing at all', async () => {
    expect(await open([slotOf(2 ** 20), slotOf(2 ** 18), craftSlot()], [raw])).toEqual({ opened: 'opens', runs: 0 });
    expect(await open([slotOf(2 ** 20)], [raw])).toEqual({ opened: 'container/no-key', runs: 0 });
  });

  it('costs nothing beyond the slot that opens it', async () => {
    expect(await open([craftSlot(), slotOf(2 ** 14)], [...passphrases, raw])).toEqual({ opened: 'opens', runs: 0 });
  });

  it('of slots that are not ours, some of them too costly: says that it might be ours', async () => {
    expect(await open([slotOf(2 ** 14), slotOf(2 ** 20)])).toEqual({ opened: 'container/unsupported', runs: 3 });
    expect(await open([slotOf(2 ** 14)])).toEqual({ opened: 'container/no-key', runs: 3 });
  });
});

it.each([16_384, 32_768, 65_536, 131_072, 262_144])('a cost of n = %d is allowed', (n) => {
  expect(isAllowedCost({ n, r: 8, p: 1 })).toBe(true);
});

describe('slots', () => {
  const ring = new KeyRing({ current: [raw], retired: [] });
  const open = (slots: unknown[], dek?: Buffer) =>
    openAll(craftFile(craftHeader(craftFields({ slots }), dek === undefined ? {} : { dek })), {
      ring,
      expect: {},
    }).then(
      ({ plaintext }) => plaintext.toString(),
      (error: unknown) => (error as AppError).code,
    );
  const damaged = { ...craftSlot(), salt: '00'.repeat(16) };
  const otherDek = craftSlot({ dek: Buffer.alloc(32, 0x23) });

  it('of ours are tried in order: the first that unwraps decides, and no other after its MAC failed', async () => {
    expect(await open([damaged, craftSlot()])).toBe('plaintext');
    expect(await open([craftSlot(), damaged])).toBe('plaintext');
    expect(await open([damaged, damaged])).toBe('container/wrong-key');
    expect(await open([otherDek, craftSlot()])).toBe('container/bad-header');
    expect(await open([craftSlot(), otherDek])).toBe('plaintext');
  });

  it('of another kind are not ours, although they have the id of our key', async () => {
    expect(await open([{ ...craftSlot(), kind: 'tpm' }])).toBe('container/no-key');
    const kms = { keyId: craftSlot()['keyId'], kind: 'aws-kms', keyArn: 'arn:aws:kms:x', wrapped: 'AAAA' };
    expect(await open([kms])).toBe('container/no-key');
    expect(await open([kms, craftSlot()])).toBe('plaintext');
  });

  it('wrapped for another file or under another id do not unwrap', async () => {
    expect(await open([craftSlot({ fileId: 'ff'.repeat(16) })])).toBe('container/wrong-key');
    const { keyId } = craftSlot({ key: Buffer.alloc(32, 5) });
    expect(await open([{ ...craftSlot(), keyId }])).toBe('container/no-key');
  });

  it('that are not ours are named in the message', async () => {
    const slot = craftSlot({ key: Buffer.alloc(32, 5) });
    const bytes = craftFile(craftHeader(craftFields({ slots: [slot, { keyId: 'ab'.repeat(8), kind: 'tpm' }] })));
    await expect(openAll(bytes, { ring, expect: {} })).rejects.toMatchObject({
      message: expect.stringMatching(new RegExp(`${String(slot['keyId'])}, abababababababab`)) as unknown,
    });
  });

  it('need a key at all', async () => {
    await expect(
      openAll(craftFile(), { ring: new KeyRing({ current: [], retired: [] }), expect: {} }),
    ).rejects.toMatchObject({ code: 'container/no-key' });
  });
});

it('a ring shows no key, in no way of printing it', async () => {
  const ring = new KeyRing({ current: [raw, ...passphrases], retired: [raw] }, new Scrypt().derive);
  await ring.keyIds(salt(1));
  const shown = inspect(ring, { depth: 9, showHidden: true }) + JSON.stringify(ring);
  expect(shown).not.toMatch(/1111|first of them|17, 17/);
});
