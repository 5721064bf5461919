import { describe, expect, it } from '@jest/globals';
import { Secret, systemClock, systemRandom } from '#contracts';
import { craftedKeyText, craftFields, craftFile, craftHeader } from '../../../test/support/craft-container.js';
import { KeyRing } from './keys/key-ring.js';
import { generateKey, parseKey } from './keys/parse-key.js';
import { inspectHeader, openAll } from './opener.js';
import { rewrapHeader, type RewrapOptions } from './rewrap-header.js';
import { createSealer } from './sealer.js';

const kdfSalt = '5a'.repeat(16);
const newRing = (text?: string) =>
  new KeyRing({
    current: [parseKey(text === undefined ? generateKey(systemRandom) : new Secret(text), 'KEY').key],
    retired: [],
  });
const [first, second, third] = [newRing(), newRing('pass:twelve letters'), newRing()];
const rewrap = (bytes: Buffer, from: KeyRing, to: KeyRing, more: Partial<RewrapOptions> = {}) =>
  rewrapHeader(bytes, { from, to, kdfSalt, random: systemRandom, scryptCost: 16_384, ...more });
const seal = async (ring = first): Promise<Buffer> => {
  const sealer = await createSealer({
    content: { kind: 'mongodump-archive', compression: 'none' },
    backupId: 'clinic-20261123T020000Z-k3f9q2',
    ring,
    kdfSalt,
    clock: systemClock,
    random: systemRandom,
    scryptCost: 16_384,
  });
  return sealer.sealAll(Buffer.from('kept'));
};
const open = async (bytes: Buffer, ring: KeyRing, sidecar?: Buffer) => {
  const { plaintext, warnings } = await openAll(bytes, {
    ring,
    expect: {},
    ...(sidecar === undefined ? {} : { sidecar }),
  });
  return { text: plaintext.toString(), warnings: warnings.map(({ code }) => code) };
};
const good = { text: 'kept', warnings: [] };

describe('a header sidecar', () => {
  it('opens the old file with the new key alone, and says nothing', async () => {
    const sealed = await seal();
    const sidecar = await rewrap(sealed, first, second);
    expect(sidecar).toHaveLength(4096);
    expect(await open(sealed, second, sidecar)).toEqual(good);
    await expect(open(sealed, second)).rejects.toMatchObject({ code: 'container/no-key' });
    expect(inspectHeader(sidecar).fileId).toBe(inspectHeader(sealed).fileId);
    expect(inspectHeader(sidecar).slots).toHaveLength(1);
  });

  it('is followed by the next one: by the sidecar, when the file itself no longer opens with our keys', async () => {
    const sealed = await seal();
    const one = await rewrap(sealed, first, second);
    await expect(rewrap(sealed, second, third)).rejects.toMatchObject({ code: 'container/no-key' });
    const two = await rewrap(sealed, second, third, { sidecar: one });
    expect(await open(sealed, third, two)).toEqual(good);
    await expect(open(sealed, second, two)).rejects.toMatchObject({ code: 'container/no-key' });
  });

  it('is made from the earlier one when the header in the file is damaged', async () => {
    const sealed = await seal();
    const one = await rewrap(sealed, first, second);
    const damaged = Buffer.concat([Buffer.alloc(4096), sealed.subarray(4096)]);
    const two = await rewrap(damaged, second, third, { sidecar: one });
    expect(await open(damaged, third, two)).toEqual({ text: 'kept', warnings: ['container/bad-header'] });
    expect(await open(sealed, third, two)).toEqual(good);
    await expect(rewrap(damaged, second, third)).rejects.toMatchObject({ code: 'container/not-a-container' });
  });

  it('for old and new key opens with either, in the order of a rotation', async () => {
    const sealed = await seal();
    const both = new KeyRing({ current: [...second.current, ...first.current], retired: [] });
    const sidecar = await rewrap(sealed, first, both);
    for (const ring of [first, second]) expect(await open(sealed, ring, sidecar)).toEqual(good);
  });

  it('keeps fields that nobody knows, names like __proto__ among them', async () => {
    const text = JSON.stringify(craftFields({ x: { deep: [1, null, 'é'] } })).replace('{', '{"__proto__":{"v":7},');
    const bytes = craftFile(craftHeader(text), Buffer.from('kept'));
    const sidecar = await rewrap(bytes, newRing(craftedKeyText), third);
    expect(inspectHeader(sidecar)).toMatchObject({ x: { deep: [1, null, 'é'] } });
    expect(sidecar.includes('"__proto__":{"v":7}')).toBe(true);
    expect(await open(bytes, third, sidecar)).toEqual(good);
  });

  it('that could not stand in for the header is never given out', async () => {
    // JavaScript cannot write this number back.
    const text = JSON.stringify(craftFields({ x: 0 })).replace('"x":0', '"x":1e999');
    const bytes = craftFile(craftHeader(text));
    await expect(rewrap(bytes, newRing(craftedKeyText), third)).rejects.toMatchObject({ code: 'container/bad-header' });
  });

  it('is refused for another file than the one meant, for no key, and for a cost that no reader pays', async () => {
    const sealed = await seal();
    await expect(rewrap(sealed, first, second, { expect: { kind: 'manifest' } })).rejects.toMatchObject({
      code: 'container/not-the-one-asked-for',
    });
    const none = new KeyRing({ current: [], retired: third.current });
    await expect(rewrap(sealed, first, none)).rejects.toThrow('no current key');
    await expect(rewrap(sealed, first, second, { scryptCost: 2 ** 20 })).rejects.toThrow('scrypt cost');
    await expect(rewrap(sealed.subarray(0, 4095), first, second)).rejects.toMatchObject({
      code: 'container/not-a-container',
    });
  });
});
