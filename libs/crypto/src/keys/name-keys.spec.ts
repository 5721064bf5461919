import { expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import { formOfKey } from './form-of-key.js';
import { nameKeys } from './name-keys.js';

const hex = 'ab'.repeat(32);
const base64 = Buffer.alloc(32, 7).toString('base64');
const given = (text: string, variable = 'BACKUP_ENCRYPTION_KEY') => ({ variable, text: new Secret(text) });

it.each([
  [hex, 'hex'],
  [`hex:${hex}`, 'hex'],
  [base64, 'base64'],
  [`base64:${base64}`, 'base64'],
  ['pass:correct horse battery', 'passphrase'],
  [`pass:${hex}`, 'passphrase'],
  ['a bare passphrase of more than 32 characters', 'passphrase'],
] as const)('the form of a key is told (%#)', (text, form) => {
  expect(formOfKey(new Secret(text))).toBe(form);
});

it('names keys without a word of them; a passphrase has a name only in a store', async () => {
  const keys = { current: given(`hex:${hex}`), retired: [given('pass:correct horse battery', 'OLD, line 1')] };
  const without = await nameKeys(keys, null);
  expect(without).toEqual([
    { keyId: expect.stringMatching(/^[0-9a-f]{16}$/), form: 'hex', state: 'active', variable: 'BACKUP_ENCRYPTION_KEY' },
    { keyId: null, form: 'passphrase', state: 'retired', variable: 'OLD, line 1' },
  ]);
  const [raw, passphrase] = await nameKeys(keys, '0'.repeat(32));
  const [, elsewhere] = await nameKeys(keys, '1'.repeat(32));
  expect(raw?.keyId).toBe(without[0]?.keyId);
  expect(passphrase?.keyId).toMatch(/^[0-9a-f]{16}$/);
  expect(elsewhere?.keyId).not.toBe(passphrase?.keyId);
  expect(JSON.stringify([without, raw, passphrase])).not.toMatch(/abab|correct/);
});

it('a key of a wrong form is refused, by its variable', async () => {
  await expect(nameKeys({ current: given('short'), retired: [] }, null)).rejects.toMatchObject({
    code: 'keys/refused',
    message: expect.stringContaining('BACKUP_ENCRYPTION_KEY'),
  });
});
