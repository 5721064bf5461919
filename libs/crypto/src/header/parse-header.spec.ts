import { describe, expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import {
  craftedFileId,
  craftedKeyText,
  craftFields,
  craftFieldsWithout,
  craftFile,
  craftHeader,
  craftSlot,
} from '../../../../test/support/craft-container.js';
import { KeyRing } from '../keys/key-ring.js';
import { parseKey } from '../keys/parse-key.js';
import { inspectHeader, openAll } from '../opener.js';

// The order and the strictness of the checks (spec/container.md, "What a reader does"). Every header here has a right MAC.

const ring = new KeyRing({ current: [parseKey(new Secret(craftedKeyText), 'KEY').key], retired: [] });

/** The code that both the keyless and the opening reader give; "opens" when neither refuses. */
async function verdict(header: Buffer): Promise<string> {
  const codeOf = (error: unknown): string => (error as { code?: string }).code ?? String(error);
  const opened = await openAll(craftFile(header), { ring, expect: {} }).then(() => 'opens', codeOf);
  let inspected = 'opens';
  try {
    inspectHeader(header);
  } catch (error) {
    inspected = codeOf(error);
  }
  expect(inspected).toBe(opened);
  return opened;
}

const text = (fields: Record<string, unknown>): string => JSON.stringify(fields);
const names = ['v', 'suite', 'fileId', 'content', 'createdAt', 'backupId', 'slots'] as const;
const [unsupported, badHeader] = ['container/unsupported', 'container/bad-header'];

describe('a header of another version', () => {
  it.each(names.filter((name) => name !== 'v'))('is unsupported, although %s is missing', async (name) => {
    expect(await verdict(craftHeader({ ...craftFieldsWithout(name), v: 2 }))).toBe(unsupported);
  });

  it.each([2, 0, -1, 1.5, '1', null, true, {}, [1]])('is unsupported: v is %j', async (v) => {
    expect(await verdict(craftHeader(craftFields({ v })))).toBe(unsupported);
    expect(await verdict(craftHeader({ v }))).toBe(unsupported);
    expect(await verdict(craftHeader({ v, suite: 'another', fileId: 7, slots: [] }))).toBe(unsupported);
  });

  it('is unsupported whatever its padding', async () => {
    expect(await verdict(craftHeader(craftFields({ v: 2 }), { padding: 1 }))).toBe(unsupported);
  });

  it('is a bad header when it has no v at all', async () => {
    expect(await verdict(craftHeader(craftFieldsWithout('v')))).toBe(badHeader);
    expect(await verdict(craftHeader({ ...craftFieldsWithout('v'), suite: 'another' }))).toBe(badHeader);
    expect(await verdict(craftHeader('{}'))).toBe(badHeader);
  });
});

describe('a header of another suite', () => {
  it.each(names.filter((name) => name !== 'v' && name !== 'suite'))(
    'is unsupported, although %s is missing',
    async (name) => {
      expect(await verdict(craftHeader({ ...craftFieldsWithout(name), suite: 'AES256-GCM-SIV' }))).toBe(unsupported);
    },
  );

  it.each(['', 'aes256-gcm-hkdf-1mb', null, 1])('is unsupported: suite is %j', async (suite) => {
    expect(await verdict(craftHeader({ v: 1, suite }))).toBe(unsupported);
  });

  it('is a bad header when it has no suite at all', async () => {
    expect(await verdict(craftHeader(craftFieldsWithout('suite')))).toBe(badHeader);
  });
});

describe('unknown content', () => {
  const unknown = { kind: 'oplog-slice', compression: 'zstd' };

  it.each([unknown, { kind: 'manifest', compression: 'lz4' }])('is unsupported: %j', async (content) => {
    expect(await verdict(craftHeader(craftFields({ content })))).toBe(unsupported);
  });

  it('is judged after the forms of all fields and the padding', async () => {
    for (const name of ['fileId', 'createdAt', 'backupId', 'slots'])
      expect(await verdict(craftHeader({ ...craftFieldsWithout(name), content: unknown }))).toBe(badHeader);
    expect(await verdict(craftHeader(craftFields({ content: unknown, slots: [{ keyId: 1 }] })))).toBe(badHeader);
    expect(await verdict(craftHeader(craftFields({ content: unknown }), { padding: 1 }))).toBe(badHeader);
  });
});

describe('field forms', () => {
  const slot = craftSlot();
  const scrypt = { ...slot, kind: 'scrypt', n: 16_384, r: 8, p: 1, kdfSalt: '5a'.repeat(16) };
  const kms = { keyId: slot['keyId'], kind: 'aws-kms', keyArn: 'arn:aws:kms:eu-west-1:1:key/a', wrapped: 'AAAA' };
  const cases: [string, unknown][] = [
    ...['', craftedFileId.toUpperCase().replace('3', 'A'), `${craftedFileId}\n`, 3, null].map(
      (value): [string, unknown] => ['fileId', value],
    ),
    ...[[], 'none', null, { kind: 'manifest' }, { kind: 'manifest', compression: 0 }].map(
      (value): [string, unknown] => ['content', value],
    ),
    ...['2026-11-23T02:00:00Z', '2026-11-23T02:00:00.000Z\n', '+02026-11-23T02:00:00.000Z', 0].map(
      (value): [string, unknown] => ['createdAt', value],
    ),
    ...['', '../x', 'Clinic-20261123T020000Z-k3f9q2', 'clinic-20261123T020000Z-k3f9q2 ', ['x']].map(
      (value): [string, unknown] => ['backupId', value],
    ),
    ...[[], {}, null, 'raw', Array(9).fill(slot), [null], [[]], [{}], [slot, 1]].map((value): [string, unknown] => [
      'slots',
      value,
    ]),
    ...['keyId', 'kind', 'salt', 'wrapped'].map((name): [string, unknown] => [
      'slots',
      [slot, { ...slot, [name]: undefined }],
    ]),
    ...['n', 'r', 'p', 'kdfSalt', 'salt'].map((name): [string, unknown] => [
      'slots',
      [slot, { ...scrypt, [name]: '8' }],
    ]),
    ['slots', [slot, { ...scrypt, n: 16_384.5 }]],
    ['slots', [slot, { ...scrypt, n: null }]],
    ['slots', [slot, { ...slot, wrapped: Buffer.alloc(47).toString('base64') }]],
    ['slots', [slot, { ...slot, wrapped: `${String(slot['wrapped'])} ` }]],
    ['slots', [slot, { ...slot, keyId: 'ABCDEF0123456789' }]],
    ['slots', [slot, { ...slot, kind: 3 }]],
    ['slots', [slot, { ...kms, keyArn: 'key/a' }]],
    ['slots', [slot, { ...kms, keyArn: 'arn:aws kms' }]],
    ['slots', [slot, { ...kms, wrapped: 'AAA' }]],
    ['slots', [slot, { ...kms, wrapped: '' }]],
  ];
  it.each(cases)('%s: %j is a bad header', async (name, value) => {
    expect(await verdict(craftHeader(craftFields({ [name]: value })))).toBe(badHeader);
  });

  it('are not asked of a slot of a kind that nobody knows, but for keyId and kind', async () => {
    const odd = { keyId: 'ab'.repeat(8), kind: 'tpm', salt: 7, wrapped: [], n: 'many' };
    expect(await verdict(craftHeader(craftFields({ slots: [odd, slot] })))).toBe('opens');
    expect(await verdict(craftHeader(craftFields({ slots: [{ ...odd, keyId: 'ab' }, slot] })))).toBe(badHeader);
  });

  it('createdAt is digits, not a real date', async () => {
    expect(await verdict(craftHeader(craftFields({ createdAt: '2026-99-99T99:99:99.999Z' })))).toBe('opens');
  });
});

describe('the JSON', () => {
  it.each<[string, string | Buffer]>([
    ['a byte-order mark', `\uFEFF${text(craftFields())}`],
    [
      'a byte that is no UTF-8',
      Buffer.concat([Buffer.from(text(craftFields({ x: '' }))).subarray(0, -2), Buffer.from([0xff, 0x22, 0x7d])]),
    ],
    [
      'a surrogate in UTF-8',
      Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    ],
    ['two objects', `${text(craftFields())}{}`],
    ['a NUL behind it', `${text(craftFields())}\0`],
    ['an array', '[]'],
    ['a text', '"{}"'],
    ['null', 'null'],
    ['a comment', `${text(craftFields()).slice(0, -1)}/**/}`],
    ['NaN', '{"v":NaN}'],
  ])('with %s is a bad header', async (_what, json) => {
    expect(await verdict(craftHeader(json))).toBe(badHeader);
  });

  it('may have white space around it, escapes, and fields that nobody knows', async () => {
    const extra = text(craftFields({ x: { deep: [1, null] }, constructor: 1, toString: null }));
    expect(await verdict(craftHeader(` \n${extra}\t`))).toBe('opens');
    expect(await verdict(craftHeader(text(craftFields()).replace('"v"', '"\\u0076"')))).toBe('opens');
    expect(await verdict(craftHeader(text(craftFields()).replace('{', '{"__proto__":{"v":2},')))).toBe('opens');
  });

  it('of a name given twice the last counts, as for other readers of JSON', async () => {
    const twice = (first: string, last: string): string =>
      text(craftFields()).replace('"v":1', `"v":${first},"v":${last}`);
    expect(await verdict(craftHeader(twice('2', '1')))).toBe('opens');
    expect(await verdict(craftHeader(twice('1', '2')))).toBe(unsupported);
  });

  it('an inherited field is a missing one', async () => {
    const inherited = text(craftFieldsWithout('v')).replace('{', '{"__proto__":{"v":1},');
    expect(await verdict(craftHeader(inherited))).toBe(badHeader);
  });

  it('nests as deep as its length allows', async () => {
    const deep = `${'['.repeat(1500)}${']'.repeat(1500)}`;
    expect(await verdict(craftHeader(text(craftFields()).replace('{', `{"x":${deep},`)))).toBe('opens');
  });

  it.each([0, 1, 4053, 2 ** 31, 2 ** 32 - 1])('of length %i is a bad header', async (length) => {
    expect(await verdict(craftHeader(craftFields(), { length }))).toBe(badHeader);
  });

  it('takes up to 4,052 bytes', async () => {
    const filled = (length: number): string => text(craftFields({ x: 'y'.repeat(length) }));
    const room = 4052 - filled(0).length;
    expect(await verdict(craftHeader(filled(room)))).toBe('opens');
  });
});

describe('the beginning', () => {
  it.each(['HAZINA\0\0', 'HAZINA\0\x02', 'hazina\0\x01', '\0\0\0\0\0\0\0\0'])('%j is no container', async (magic) => {
    expect(await verdict(craftHeader(craftFields({ v: 2 }), { magic }))).toBe('container/not-a-container');
  });

  it.each([0, 1, 7, 8, 12, 4095])('of %i bytes is no container, whatever they are', (length) => {
    expect(() => inspectHeader(craftHeader().subarray(0, length))).toThrow(
      expect.objectContaining({ code: 'container/not-a-container' }),
    );
  });

  it('is read from bytes that go on, and lie anywhere in memory', () => {
    const memory = Buffer.concat([Buffer.from('before'), craftFile()]);
    expect(inspectHeader(new Uint8Array(memory.buffer, memory.byteOffset + 6, memory.length - 6)).fileId).toBe(
      craftedFileId,
    );
  });
});

it('errors show nothing of what an attacker wrote into the header', async () => {
  const evil = '\u009b31mEVIL';
  for (const changes of [
    { v: evil },
    { suite: evil },
    { content: { kind: evil, compression: evil } },
    { backupId: evil },
  ])
    await expect(openAll(craftFile(craftHeader(craftFields(changes))), { ring, expect: {} })).rejects.toMatchObject({
      message: expect.not.stringContaining('EVIL') as unknown,
    });
});
