import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AppError } from '#contracts';
import { Secret, systemRandom } from '#contracts';
import { generateKey, parseKey } from './parse-key.js';

/** `raw:` and the key in hex, `passphrase`, `passphrase, with a warning`, or `refused`. */
function meaning(text: string): string {
  try {
    const { key, warnings } = parseKey(new Secret(text), 'THE_VARIABLE');
    const material = key.material();
    if (material.kind === 'raw') return `raw:${material.kek.toString('hex')}`;
    return warnings.length > 0 ? 'passphrase, with a warning' : 'passphrase';
  } catch (error) {
    expect(error).toMatchObject({ code: 'keys/refused', stage: 'keys' });
    return 'refused';
  }
}
const keys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const hexOf = (bytes: Buffer): string => bytes.toString('hex');

describe('a key of 32 bytes', () => {
  it('means the same in each of its forms', () => {
    fc.assert(
      fc.property(keys, (bytes) => {
        const [hex, base64] = [hexOf(bytes), bytes.toString('base64')];
        for (const text of [
          `hex:${hex}`,
          `hex:${hex.toUpperCase()}`,
          hex,
          hex.toUpperCase(),
          `base64:${base64}`,
          base64,
        ])
          expect(meaning(text)).toBe(`raw:${hex}`);
      }),
    );
  });

  it('that was damaged behind its prefix never becomes a passphrase', () => {
    const anyCharacter = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 0, maxLength: 3 }),
      fc.constantFrom('', '=', '\n'),
    );
    fc.assert(
      fc.property(
        keys,
        fc.constantFrom('hex', 'base64'),
        fc.nat(64),
        fc.nat(2),
        anyCharacter,
        (bytes, form, at, removed, inserted) => {
          const prefix = `${form}:`;
          const text = bytes.toString(form);
          expect(meaning(prefix + text.slice(0, at) + inserted + text.slice(at + removed))).toMatch(/^(raw:|refused)/);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('bare, with a character lost, doubled or changed into another of its alphabet, never becomes a passphrase', () => {
    const damage = (text: string, at: number, by: string): string[] => [
      text.slice(0, at) + text.slice(at + 1),
      text.slice(0, at) + text.slice(at, at + 1) + text.slice(at),
      text.slice(0, at) + by + text.slice(at + 1),
      text.slice(0, at),
    ];
    fc.assert(
      fc.property(keys, fc.nat(43), fc.constantFrom('A', 'f', '0', '_', '-', '+', '/', '='), (bytes, at, by) => {
        const cutShort = (text: string): boolean => text.length < 40 && text.length >= 32;
        for (const text of damage(bytes.toString('base64'), at, by))
          if (!cutShort(text)) expect(meaning(text)).toMatch(/^(raw:|refused)/);
        for (const text of damage(hexOf(bytes), at, '7')) expect(meaning(text)).toMatch(/^(raw:|refused)/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a passphrase', () => {
  it.each<[string, string]>([
    [`pass:${'x'.repeat(11)}`, 'refused'],
    [`pass:${'x'.repeat(12)}`, 'passphrase'],
    [`pass:${'é'.repeat(12)}`, 'passphrase'],
    [`pass:${'e\u0301'.repeat(11)}x`, 'passphrase'],
    [`pass:${'e\u0301'.repeat(11)}`, 'refused'],
    [`pass:${'🔑'.repeat(11)}`, 'refused'],
    [`pass:${'00'.repeat(32)}`, 'passphrase'],
    ['pass:hex:0000000000', 'passphrase'],
    ['pass:with spaces, but inside', 'passphrase'],
    [`${'y '.repeat(15)}z`, 'refused'],
    [`${'y '.repeat(15)}zz`, 'passphrase, with a warning'],
    ['é'.repeat(31), 'refused'],
    ['é'.repeat(32), 'passphrase, with a warning'],
    ['e\u0301'.repeat(31), 'refused'],
    ['x'.repeat(39), 'passphrase, with a warning'],
    ['x'.repeat(40), 'refused'],
    ['x'.repeat(48), 'refused'],
    ['x'.repeat(49), 'passphrase, with a warning'],
    ['a key that says hex: somewhere inside it', 'passphrase, with a warning'],
    ['{"BACKUP_ENCRYPTION_KEY":"a long enough passphrase"}', 'refused'],
    ['["a long enough passphrase, but in brackets"]', 'refused'],
    ['"a long enough passphrase, but in quotation marks"', 'refused'],
    ['pass:{"a long enough passphrase, and meant to be so"', 'passphrase'],
    [`BACKUP_ENCRYPTION_KEY=hex:${'0a'.repeat(32)}`, 'refused'],
    [`the key of the clinic is base64:${'A'.repeat(43)}=`, 'refused'],
    ['{a long enough passphrase that begins like JSON', 'passphrase, with a warning'],
    ['my db pass:word of the year, and so on and on', 'passphrase, with a warning'],
    ['the colour is hex:00ff00, and the rest is mine', 'passphrase, with a warning'],
    [`pass:the key of the clinic is hex:${'0a'.repeat(32)}`, 'passphrase'],
    ['a key that cannot bypass:anything in the way of it', 'passphrase, with a warning'],
  ])('%j: %s', (text, expected) => {
    expect(meaning(text)).toBe(expected);
  });

  it.each([
    '\t',
    '\n',
    '\r',
    ' ',
    '\u00a0',
    '\u2003',
    '\u2028',
    '\u3000',
    '\u0000',
    '\u0085',
    '\u00ad',
    '\u200b',
    '\u200e',
    '\ufeff',
    '\ue000',
    '\u0378',
    '\ud800',
  ])('with %j at one of its ends is refused, in the middle it is not', (stray) => {
    const text = 'a passphrase of more than 32 characters';
    for (const damaged of [`${stray}${text}`, `${text}${stray}`, `pass:${stray}${text}`, `pass:${text}${stray}`])
      expect(meaning(damaged)).toBe('refused');
    expect(meaning(`pass:${text}${stray}${text}`)).toBe('passphrase');
  });
});

describe('a prefix', () => {
  it.each(['HEX:', 'Hex:', 'BASE64:', 'Base64:', 'PASS:', 'Pass:', 'AWS-KMS:', 'aws-kms:'])(
    '%s is refused, whatever follows',
    (prefix) => {
      for (const rest of [
        '',
        '00'.repeat(32),
        'a passphrase of more than 32 characters',
        'arn:aws:kms:eu-west-1:1:key/a',
      ])
        expect(meaning(prefix + rest)).toBe('refused');
    },
  );

  it.each(['hex:', 'base64:', 'pass:'])('%s alone is refused', (prefix) => {
    expect(meaning(prefix)).toBe('refused');
  });
});

describe('a refusal', () => {
  it('names the variable, the forms accepted and the length found, never the value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 4, maxLength: 31 }), (text) => {
        let error: AppError | undefined;
        try {
          parseKey(new Secret(text), 'THE_VARIABLE');
        } catch (thrown) {
          error = thrown as AppError;
        }
        if (error === undefined) return;
        const length = Array.from(text.normalize('NFC')).length;
        expect(error.message).toMatch(/^THE_VARIABLE is no key/);
        expect(error.message).toContain(`it has ${length} characters`);
        for (const form of ['hex:', 'base64:', 'pass:', '32 characters']) expect(error.hint).toContain(form);
        const told = JSON.stringify([error.message, error.hint, error.details, error.stack]);
        // Short texts may be a part of any sentence.
        if (text.trim().length > 6 && !/^[a-z0-9: ]+$/i.test(text))
          expect(told).not.toContain(JSON.stringify(text).slice(1, -1));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a new key', () => {
  it('is hex: and 64 digits, another one each time, and is accepted', () => {
    const [one, two] = [generateKey(systemRandom).reveal(), generateKey(systemRandom).reveal()];
    expect(one).toMatch(/^hex:[0-9a-f]{64}$/);
    expect(one).not.toBe(two);
    expect(meaning(one)).toBe(`raw:${one.slice(4)}`);
  });

  it('lies in memory of its own, which no other buffer shares', () => {
    for (const text of [`hex:${'ab'.repeat(32)}`, 'ab'.repeat(32), Buffer.alloc(32, 7).toString('base64')]) {
      const material = parseKey(new Secret(text), 'KEY').key.material();
      expect(material.kind === 'raw' && material.kek.buffer.byteLength).toBe(32);
    }
  });
});
