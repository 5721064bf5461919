import { describe, expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import { nameKeys } from './name-keys.js';
import { openKeys } from './open-keys.js';

const hex = (digit: string): string => `hex:${digit.repeat(64)}`;
const given = (text: string, variable = 'BACKUP_ENCRYPTION_KEY') => ({ variable, text: new Secret(text) });
const salt = '5a'.repeat(16);

/** Opens one key, which is kept in AWS Secrets Manager when `kept` is given. */
async function open(text: string, kept = '') {
  const warnings: string[] = [];
  const unused = () => Promise.reject(new Error('KMS is not asked'));
  const services = {
    kms: { wrap: unused, unwrap: unused },
    secrets: { read: () => Promise.resolve(new Secret(kept)) },
  };
  const keys = { current: given(text), retired: [] };
  const opened = await openKeys(keys, (warning) => warnings.push(warning), services);
  return { ...opened, warnings };
}

describe('a key of several lines', () => {
  const bare = hex('1').slice(4);
  it.each([
    ['two keys in one file', `${bare}\n${bare}`],
    ['with a carriage return', `${bare}\r\n${bare}`],
    ['pass: before the first', `pass:the first of them\n${bare}`],
    ['a tab', 'pass:the first\tof them'],
    ['a separator of lines', 'pass:the first\u2028of them'],
  ])('(%s) opens what was sealed with it, and seals nothing new', async (_, text) => {
    const { ring, warnings } = await open(text);
    expect([ring.current, ring.canOpen, ring.holdsPassphrase]).toEqual([[], true, true]);
    expect(ring.unfitToSeal).toMatchObject({
      code: 'keys/refused',
      message: expect.stringContaining('BACKUP_ENCRYPTION_KEY is a passphrase with line breaks'),
      hint: expect.stringContaining('BACKUP_ENCRYPTION_KEYS_RETIRED'),
    });
    expect(warnings).toContain(ring.unfitToSeal?.message);
    expect(await nameKeys({ current: given(text), retired: [] }, null)).toMatchObject([{ state: 'retired' }]);
  });

  it('is none where the line ends with the file', async () => {
    const { ring, warnings } = await open('pass:the first of them');
    expect([ring.current.length, ring.unfitToSeal, warnings]).toEqual([1, undefined, []]);
  });
});

describe('the text of a secret in AWS Secrets Manager', () => {
  it('is one key a line, and empty lines are none, as in BACKUP_ENCRYPTION_KEYS_RETIRED', async () => {
    const one = await open('aws-secret:hazina', `\r\n${hex('1')}\r\n\r\n${hex('2')}\n\n`);
    expect(one.given.current?.text.reveal()).toBe(hex('1'));
    expect(one.given.retired.map(({ variable, text }) => [variable, text.reveal()])).toEqual([
      ['BACKUP_ENCRYPTION_KEY (AWS Secrets Manager, line 4)', hex('2')],
    ]);
    expect(await one.ring.keyIds(salt)).toHaveLength(2);
  });

  it.each(['', '\n', `{"BACKUP_ENCRYPTION_KEY":"${hex('1')}"}`, `{\n  "key": "${hex('1')}"\n}`])(
    'that is none (%j) is refused',
    async (kept) => {
      await expect(open('aws-secret:hazina', kept)).rejects.toMatchObject({
        code: 'keys/refused',
        message: expect.stringContaining('AWS Secrets Manager'),
      });
    },
  );
});
