import { describe, expect, it } from '@jest/globals';
import { AppError, Secret } from '#contracts';
import {
  craftedBackupId,
  craftedKeyText,
  craftFields,
  craftFieldsWithout,
  craftFile,
  craftHeader,
  craftSlot,
} from '../../../../test/support/craft-container.js';
import { KeyRing, type Kek } from '../keys/key-ring.js';
import { parseKey } from '../keys/parse-key.js';
import { openAll } from '../opener.js';
import { inspectWithSidecar } from './open-sidecar.js';

// A sidecar stands in for the embedded header (spec/container.md, Rotation): what fails, what falls back, and with which warning.

const newKey = Buffer.alloc(32, 0x77);
const parse = (text: string) => parseKey(new Secret(text), 'KEY').key;
const [oldKeys, newKeys] = [[parse(craftedKeyText)], [parse(`hex:${'77'.repeat(32)}`)]];
const oldRing = new KeyRing({ current: oldKeys, retired: [] });
const newRing = new KeyRing({ current: newKeys, retired: [] });
const bothRing = new KeyRing({ current: newKeys, retired: oldKeys });

const newSlots = { slots: [craftSlot({ key: newKey })] };
const sidecar = craftHeader(craftFields(newSlots));
const file = craftFile();

interface Outcome {
  readonly plaintext?: string;
  readonly warnings?: readonly string[];
  readonly error?: string;
}
async function open(bytes: Buffer, beside: Buffer, ring = newRing): Promise<Outcome> {
  try {
    const { plaintext, warnings } = await openAll(bytes, { ring, sidecar: beside, expect: {} });
    return { plaintext: plaintext.toString(), warnings: warnings.map(({ code }) => code) };
  } catch (error) {
    return { error: error instanceof AppError ? error.code : String(error) };
  }
}
const opens = (...warnings: string[]): Outcome => ({ plaintext: 'plaintext', warnings });
const withHeader = (header: Buffer): Buffer => Buffer.concat([header, file.subarray(4096)]);

describe('a good sidecar', () => {
  it('opens the file by its own slots, and nothing is said', async () => {
    expect(await open(file, sidecar)).toEqual(opens());
    expect(await open(file, sidecar, bothRing)).toEqual(opens());
  });

  it('does not care for slots, padding and MAC of the embedded header', async () => {
    for (const header of [
      craftHeader(craftFields({ slots: [] })),
      craftHeader(craftFields({ slots: 'none' })),
      craftHeader(craftFieldsWithout('slots')),
      craftHeader(craftFields(), { padding: 1 }),
      Buffer.concat([craftHeader().subarray(0, 4064), Buffer.alloc(32)]),
    ])
      expect(await open(withHeader(header), sidecar, bothRing)).toEqual(opens());
  });

  it('may have its fields in another order', async () => {
    const turned = Object.fromEntries(Object.entries(craftFields(newSlots)).reverse());
    expect(await open(file, craftHeader(turned))).toEqual(opens());
  });

  it.each<[string, Buffer]>([
    ['magic', craftHeader(craftFields(), { magic: 'HAZINA\0\x02' })],
    ['length', craftHeader(craftFields(), { length: 5000 })],
    ['JSON', craftHeader('{')],
    ['v', craftHeader(craftFields({ v: 2 }))],
    ['suite', craftHeader(craftFields({ suite: 'x' }))],
    ['fileId', craftHeader(craftFields({ fileId: 'x' }))],
    ['fields', craftHeader(craftFieldsWithout('createdAt'))],
    ['everything', Buffer.alloc(4096)],
  ])('decides alone when the embedded header cannot be parsed (%s), with a warning', async (_what, header) => {
    expect(await open(withHeader(header), sidecar)).toEqual(opens('container/bad-header'));
    expect(await open(withHeader(header), sidecar, oldRing)).toEqual({ error: 'container/no-key' });
  });
});

describe('a sidecar that differs from the embedded header', () => {
  const other = { kind: 'manifest', compression: 'none' };
  it.each<[string, Record<string, unknown>, string]>([
    ['fileId', { fileId: 'ff'.repeat(16) }, 'container/foreign-header'],
    ['fileId and all others', { fileId: 'ff'.repeat(16), content: other, x: 1 }, 'container/foreign-header'],
    ['content.kind', { content: other }, 'container/bad-header'],
    [
      'a field inside content',
      { content: { kind: 'mongodump-archive', compression: 'none', x: 1 } },
      'container/bad-header',
    ],
    ['createdAt', { createdAt: '2026-11-23T02:00:00.001Z' }, 'container/bad-header'],
    ['backupId', { backupId: 'clinic-20261123T020000Z-k3f9q3' }, 'container/bad-header'],
    ['a field that nobody knows', { x: null }, 'container/bad-header'],
  ])('in %s', async (_what, changes, code) => {
    const differing = craftHeader(craftFields({ ...newSlots, ...changes }));
    expect(await open(file, differing)).toEqual({ error: code });
    expect(await open(file, differing, bothRing)).toEqual(opens(code));
  });

  it('because the embedded content is one that nobody knows: it can be parsed, so the sidecar does not stand in for it', async () => {
    const embedded = withHeader(craftHeader(craftFields({ content: { kind: 'oplog', compression: 'none' } })));
    expect(await open(embedded, sidecar)).toEqual({ error: 'container/bad-header' });
    expect(await open(embedded, sidecar, bothRing)).toEqual({ error: 'container/bad-header' });
  });

  it('in a value deep inside a field that nobody knows', async () => {
    const embedded = withHeader(craftHeader(craftFields({ x: { list: [1, { a: 'b' }] } })));
    const same = craftHeader(craftFields({ ...newSlots, x: { list: [1, { a: 'b' }] } }));
    const differing = craftHeader(craftFields({ ...newSlots, x: { list: [1, { a: 'c' }] } }));
    expect(await open(embedded, same)).toEqual(opens());
    expect(await open(embedded, differing)).toEqual({ error: 'container/bad-header' });
  });

  it('in its data key: of no use to the file, although both open', async () => {
    const dek = Buffer.alloc(32, 0x99);
    const swapped = craftHeader(craftFields({ slots: [craftSlot({ key: newKey, dek })] }), { dek });
    expect(await open(file, swapped, bothRing)).toEqual(opens('container/bad-header'));
    expect(await open(file, swapped)).toEqual({ error: 'container/corrupt' });
  });
});

describe('a sidecar that is damaged', () => {
  const damaged: [string, Buffer, string][] = [
    ['nothing', Buffer.alloc(0), 'container/bad-header'],
    ['a byte less', sidecar.subarray(0, 4095), 'container/bad-header'],
    ['a byte more', Buffer.concat([sidecar, Buffer.alloc(1)]), 'container/bad-header'],
    ['another magic', craftHeader(craftFields(newSlots), { magic: 'HAZINA\0\x02' }), 'container/bad-header'],
    ['no JSON', craftHeader('{'), 'container/bad-header'],
    ['a later version', craftHeader(craftFields({ v: 2 })), 'container/unsupported'],
    [
      'unknown content',
      craftHeader(craftFields({ content: { kind: 'x', compression: 'y' } })),
      'container/unsupported',
    ],
    ['padding', craftHeader(craftFields(newSlots), { padding: 1 }), 'container/bad-header'],
    ['a wrong MAC', craftHeader(craftFields(newSlots), { dek: Buffer.alloc(32) }), 'container/bad-header'],
    ['other slots', craftHeader(craftFields({ slots: [craftSlot({ key: Buffer.alloc(32) })] })), 'container/no-key'],
    [
      'a slot that does not open',
      craftHeader(craftFields({ slots: [{ ...craftSlot({ key: newKey }), salt: '00'.repeat(16) }] })),
      'container/wrong-key',
    ],
  ];
  it.each(damaged)('%s: a warning where the embedded header opens, else the error', async (_what, beside, code) => {
    expect(await open(file, beside, bothRing)).toEqual(opens(code));
    expect(await open(file, beside, newRing)).toEqual({ error: code });
    // Where neither opens, the sidecar's error is the error.
    const hopeless = withHeader(craftHeader(craftFields(), { padding: 1 }));
    expect(await open(hopeless, beside, bothRing)).toEqual({ error: code });
  });
});

describe('a file that is too short for a header', () => {
  it.each([0, 8, 4095])('%i bytes: no container, whatever lies beside it', async (length) => {
    expect(await open(file.subarray(0, length), sidecar)).toEqual({ error: 'container/not-a-container' });
    expect(() => inspectWithSidecar(file.subarray(0, length), sidecar)).toThrow(AppError);
  });
});

describe('what was asked for', () => {
  it('is compared with the header that was used', async () => {
    for (const beside of [sidecar, sidecar.subarray(1)]) {
      const asked = { ring: bothRing, sidecar: beside, expect: { kind: 'manifest' } } as const;
      await expect(openAll(file, asked)).rejects.toMatchObject({ code: 'container/not-the-one-asked-for' });
      const right = { ...asked, expect: { kind: 'mongodump-archive', backupId: craftedBackupId } } as const;
      expect((await openAll(file, right)).plaintext.toString()).toBe('plaintext');
    }
  });
});

describe('an error that says nothing about a header', () => {
  /** A ring whose keys cannot be had the `at`th time. */
  class FailingRing extends KeyRing {
    #calls = 0;
    constructor(
      keys: ConstructorParameters<typeof KeyRing>[0],
      private readonly at: number,
      private readonly error: Error,
    ) {
      super(keys);
    }
    override rawKeks(): Kek[] {
      if ((this.#calls += 1) === this.at) throw this.error;
      return super.rawKeks();
    }
  }
  const keys = { current: newKeys, retired: oldKeys };
  const noMemory = new RangeError('no memory left');
  const failingAt = (at: number, error: Error = noMemory): KeyRing => new FailingRing(keys, at, error);
  const broken = craftHeader(craftFields(newSlots), { padding: 1 });

  it('is passed on: while the sidecar opens, while data keys are compared, while falling back', async () => {
    expect(await open(file, sidecar, failingAt(1))).toEqual({ error: String(noMemory) });
    expect(await open(file, sidecar, failingAt(2))).toEqual({ error: String(noMemory) });
    expect(await open(file, broken, failingAt(1))).toEqual({ error: String(noMemory) });
  });

  it('is passed on when it is one of ours, too', async () => {
    const lost = new AppError({ code: 'store/unreachable', stage: 'store', message: 'lost', retry: 'retry' });
    expect(await open(file, sidecar, failingAt(1, lost))).toEqual({ error: 'store/unreachable' });
    expect(await open(file, sidecar, failingAt(2, lost))).toEqual({ error: 'store/unreachable' });
    expect(await open(file, broken, failingAt(1, lost))).toEqual({ error: 'store/unreachable' });
  });

  it('of a key service that cannot be asked: the other header will do, and the final word waits for it', async () => {
    const away = new AppError({ code: 'keys/kms-unavailable', stage: 'keys', message: 'away', retry: 'retry' });
    expect(await open(file, sidecar, failingAt(1, away))).toEqual(opens('keys/kms-unavailable'));
    expect(await open(file, sidecar, failingAt(2, away))).toEqual(opens());
    expect(await open(file, broken, failingAt(1, away))).toEqual({ error: 'keys/kms-unavailable' });
  });
});

describe('a look at file and sidecar without a key', () => {
  const inspect = (bytes: Buffer, beside: Buffer) => {
    const { header, warnings } = inspectWithSidecar(bytes, beside);
    return { keyId: header.slots[0]?.keyId, warnings: warnings.map(({ code }) => code) };
  };
  const keyIdOf = (slot: Record<string, unknown>) => slot['keyId'];

  it('shows the slots of the sidecar', () => {
    expect(inspect(file, sidecar)).toEqual({ keyId: keyIdOf(craftSlot({ key: newKey })), warnings: [] });
  });

  it('shows those of the file when the sidecar is damaged or foreign, with a warning', () => {
    const keyId = keyIdOf(craftSlot());
    const foreign = craftHeader(craftFields({ ...newSlots, fileId: 'ff'.repeat(16) }));
    expect(inspect(file, sidecar.subarray(1))).toEqual({ keyId, warnings: ['container/bad-header'] });
    expect(inspect(file, foreign)).toEqual({ keyId, warnings: ['container/foreign-header'] });
  });

  it('warns of a damaged file whose sidecar is good, and fails when neither can be read', () => {
    const keyId = keyIdOf(craftSlot({ key: newKey }));
    expect(inspect(withHeader(Buffer.alloc(4096)), sidecar)).toEqual({ keyId, warnings: ['container/bad-header'] });
    expect(() => inspect(withHeader(Buffer.alloc(4096)), sidecar.subarray(1))).toThrow(
      expect.objectContaining({ code: 'container/bad-header' }),
    );
  });
});
