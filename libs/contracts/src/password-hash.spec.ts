import { describe, expect, it } from '@jest/globals';
import { systemRandom } from './environment.js';
import { hashPassword, parsePasswordHash, verifyPassword } from './password-hash.js';

const salt = 'c2FsdHNhbHRzYWx0c2FsdA==';
const hash = 'aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g=';

describe('password hashes', () => {
  it('know their password, and no other', async () => {
    const text = await hashPassword('correct horse battery', systemRandom);
    expect(text).toMatch(/^scrypt\$32768\$8\$3\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=$/);
    const stored = parsePasswordHash(text);
    if (stored === null) throw new Error('our own hash is no hash');
    expect(await verifyPassword('correct horse battery', stored)).toBe(true);
    for (const other of ['', 'correct horse batter', 'correct horse battery ', 'Correct horse battery'])
      expect(await verifyPassword(other, stored)).toBe(false);
  }, 60_000);

  it('are those of the standard: RFC 7914, section 12', async () => {
    // Of the published vectors the one with a cost that is let in.
    const stored = parsePasswordHash(
      `scrypt$16384$8$1$${Buffer.from('SodiumChloride').toString('base64')}$${Buffer.from(
        '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
        'hex',
      ).toString('base64')}`,
    );
    if (stored === null) throw new Error('the vector is no hash');
    expect(await verifyPassword('pleaseletmein', stored)).toBe(true);
  }, 60_000);

  it('take a password however its accents were typed', async () => {
    const stored = parsePasswordHash(await hashPassword('p\u00e4ssw\u00f6rter', systemRandom));
    if (stored === null) throw new Error('our own hash is no hash');
    expect(await verifyPassword('pa\u0308sswo\u0308rter', stored)).toBe(true);
  }, 60_000);

  it.each([
    '',
    'correct horse battery',
    `$2b$10$${'a'.repeat(53)}`,
    `scrypt$16383$8$1$${salt}$${hash}`,
    `scrypt$1024$8$1$${salt}$${hash}`,
    `scrypt$8388608$8$1$${salt}$${hash}`,
    `scrypt$32768$0$1$${salt}$${hash}`,
    `scrypt$32768$8$99$${salt}$${hash}`,
    `scrypt$32768$8$1$c2E=$${hash}`,
    `scrypt$32768$8$1$${salt}$aGFz`,
    `scrypt$32768$8$1$${salt}$${hash}$`,
    `scrypt$32768$8$1$${salt}`,
  ])('are no other text: %s', (text) => {
    expect(parsePasswordHash(text)).toBeNull();
  });
});
