import { expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import { LiveKeys, openSealingKeys } from './live-keys.js';

const salt = '5a'.repeat(16);
const given = (text: string) => ({
  current: { variable: 'BACKUP_ENCRYPTION_KEY', text: new Secret(text) },
  ...{ retired: [], recipients: [] },
});
const good = given(`hex:${'1a'.repeat(32)}`);
const twoLines = given(`${'1a'.repeat(32)}\n${'2b'.repeat(32)}`);

it('a reload tells what is doubtful about the keys, as a start does', async () => {
  const keys = await LiveKeys.open(good, salt);
  const warnings: string[] = [];
  const { added } = await keys.adopt(given('a bare passphrase of more than 32 letters'), (text) => warnings.push(text));
  expect(added).toHaveLength(1);
  expect(warnings).toEqual([expect.stringContaining('is a bare passphrase')]);
});

it('a key that only opens is refused at the start, and a reload leaves the keys as they were', async () => {
  await expect(openSealingKeys(twoLines, () => undefined)).rejects.toMatchObject({ code: 'keys/refused' });
  const keys = await LiveKeys.open(good, salt);
  const before = keys.currentKeyIds;
  await expect(keys.adopt(twoLines, () => undefined)).rejects.toMatchObject({ code: 'keys/refused' });
  expect([keys.currentKeyIds, keys.ring.unfitToSeal]).toEqual([before, undefined]);
});
