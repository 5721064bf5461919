import { expect, it } from '@jest/globals';
import { generateKeyPairSync, KeyObject, randomBytes } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import { Secret } from '#contracts';
import { forPassport, verifyingKey } from './verifying-key.js';

const secret = randomBytes(32).toString('hex');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const pemOf = (key: KeyObject): Secret => new Secret(key.export({ type: 'spki', format: 'pem' }).toString());

it.each([
  ['HS256', verifyingKey({ kind: 'secret', algorithm: 'HS256', secret: new Secret(secret) }), secret],
  ['RS256', verifyingKey({ kind: 'public', algorithm: 'RS256', pem: pemOf(rsa.publicKey) }), rsa.privateKey],
  ['ES256', verifyingKey({ kind: 'public', algorithm: 'ES256', pem: pemOf(ec.publicKey) }), ec.privateKey],
] as const)('the key of %s is read once, and verifies what its other half signed', (algorithm, key, signing) => {
  expect(key).toBeInstanceOf(KeyObject);
  // What passport is given is the key itself, and no text that is read again.
  expect(forPassport(key)).toBe(key);
  const token = jsonwebtoken.sign({ sub: 'ann' }, signing, { algorithm });
  expect(jsonwebtoken.verify(token, key, { algorithms: [algorithm] })).toMatchObject({ sub: 'ann' });
  const foreign = jsonwebtoken.sign({ sub: 'ann' }, randomBytes(32).toString('hex'), { algorithm: 'HS256' });
  expect(() => jsonwebtoken.verify(foreign, key, { algorithms: [algorithm] })).toThrow();
});

it('a secret verifies by its bytes as UTF-8, as those sign with it who have its text', () => {
  const text = 'müller’s passphrase, long enough to be one';
  const key = verifyingKey({ kind: 'secret', algorithm: 'HS256', secret: new Secret(text) });
  const token = jsonwebtoken.sign({ sub: 'ann' }, text, { algorithm: 'HS256' });
  expect(jsonwebtoken.verify(token, key, { algorithms: ['HS256'] })).toMatchObject({ sub: 'ann' });
});
