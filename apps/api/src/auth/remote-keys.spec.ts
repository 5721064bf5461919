import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import type { AppError } from '#contracts';
import { jwkOf, KeyServer } from '../../../../test/support/key-server.js';
import { MovedClock } from '../../../../test/support/moved-clock.js';
import { RemoteKeys, type RemoteKeysOptions } from './remote-keys.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const nextRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const minute = 60_000;

function token(privateKey: KeyObject, algorithm: jsonwebtoken.Algorithm, keyid?: string): string {
  const options = { algorithm, allowInsecureKeySizes: true, ...(keyid === undefined ? {} : { keyid }) };
  return jsonwebtoken.sign({ sub: 'x' }, privateKey, options);
}

const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
/** The PEM of what is found. */
const find = async (sut: RemoteKeys, text: string): Promise<string | null> => {
  const key = await sut.find(text);
  return key === null ? null : pemOf(key);
};

describe('the keys of an identity provider', () => {
  let server: KeyServer;
  let clock: MovedClock;
  let troubles: AppError[];
  const keys = (options: Partial<RemoteKeysOptions> = {}): RemoteKeys =>
    new RemoteKeys({ url: server.url, clock, fetchMs: 300, onTrouble: (error) => troubles.push(error), ...options });

  beforeEach(async () => {
    server = await KeyServer.start();
    server.keys = [
      jwkOf(rsa.publicKey, { kid: 'a', use: 'sig', alg: 'RS256' }),
      jwkOf(ec.publicKey, { kid: 'e', use: 'sig' }),
    ];
    clock = new MovedClock('2026-11-25T12:00:00.000Z');
    troubles = [];
  });
  afterEach(() => server.close());

  it('are found by the id in a token, fetched once and kept', async () => {
    const sut = keys();
    const found = await Promise.all([
      find(sut, token(rsa.privateKey, 'RS256', 'a')),
      find(sut, token(ec.privateKey, 'ES256', 'e')),
      find(sut, token(rsa.privateKey, 'RS256', 'a')),
    ]);
    expect(found).toEqual([pemOf(rsa.publicKey), pemOf(ec.publicKey), pemOf(rsa.publicKey)]);
    // A token without an id: there is one key of its kind.
    expect(await find(sut, token(ec.privateKey, 'ES256'))).toBe(pemOf(ec.publicKey));
    expect(server.requests).toBe(1);
  });

  it('are of the algorithm that the key has, never of one that a token says', async () => {
    server.keys = [
      jwkOf(rsa.publicKey, { kid: 'a' }),
      jwkOf(weakRsa.publicKey, { kid: 'weak' }),
      jwkOf(nextRsa.publicKey, { kid: 'sealing', use: 'enc' }),
      jwkOf(nextRsa.publicKey, { kid: 'other', alg: 'RS512' }),
      { kty: 'oct', kid: 'secret', k: Buffer.from('x'.repeat(32)).toString('base64url') },
      jwkOf(nextRsa.privateKey, { kid: 'private' }),
    ];
    const sut = keys();
    expect(await find(sut, token(rsa.privateKey, 'RS256', 'a'))).toBe(pemOf(rsa.publicKey));
    for (const forged of [
      jsonwebtoken.sign({ sub: 'x' }, pemOf(rsa.publicKey).padEnd(64), { algorithm: 'HS256', keyid: 'a' }),
      jsonwebtoken.sign({ sub: 'x' }, 'x'.repeat(32), { algorithm: 'HS256', keyid: 'secret' }),
      jsonwebtoken.sign({ sub: 'x' }, '', { algorithm: 'none', keyid: 'a' }),
      token(rsa.privateKey, 'RS512', 'a'),
      token(rsa.privateKey, 'PS256', 'a'),
      token(ec.privateKey, 'ES256', 'a'),
      token(weakRsa.privateKey, 'RS256', 'weak'),
      token(nextRsa.privateKey, 'RS256', 'sealing'),
      token(nextRsa.privateKey, 'RS256', 'other'),
      token(nextRsa.privateKey, 'RS256', 'private'),
      'nonsense',
      '..',
    ])
      expect(await sut.find(forged)).toBeNull();
  });

  it('that are not known are fetched once more, and not again before the pause is over', async () => {
    const sut = keys({ pauseMs: minute });
    await sut.find(token(rsa.privateKey, 'RS256', 'a'));
    server.keys = [jwkOf(nextRsa.publicKey, { kid: 'b' })];
    const rotated = token(nextRsa.privateKey, 'RS256', 'b');
    expect(await sut.find(rotated)).toBeNull();
    expect(server.requests).toBe(1);
    clock.pass(minute);
    expect(await Promise.all([find(sut, rotated), find(sut, rotated)])).toEqual(
      Array(2).fill(pemOf(nextRsa.publicKey)),
    );
    // The old one is gone with the set that held it.
    expect(await sut.find(token(rsa.privateKey, 'RS256', 'a'))).toBeNull();
    for (let stranger = 0; stranger < 20; stranger += 1)
      expect(await sut.find(token(nextRsa.privateKey, 'RS256', `stranger-${stranger}`))).toBeNull();
    expect(server.requests).toBe(2);
  });

  it('that were taken away are noticed when the set is no longer fresh', async () => {
    const sut = keys({ freshMs: 10 * minute });
    const revoked = token(rsa.privateKey, 'RS256', 'a');
    expect(await sut.find(revoked)).not.toBeNull();
    server.keys = [jwkOf(ec.publicKey, { kid: 'e' })];
    clock.pass(11 * minute);
    await sut.refresh();
    expect(await sut.find(revoked)).toBeNull();
  });

  it.each(['fails', 'hangs', 'trickles', 'redirects', 'floods', 'babbles'] as const)(
    'go on working while the provider %s; of unknown ones nobody can tell, and that is said in time',
    async (behaviour) => {
      const sut = keys({ pauseMs: minute });
      const known = token(rsa.privateKey, 'RS256', 'a');
      const unknown = token(nextRsa.privateKey, 'RS256', 'b');
      await sut.find(known);
      server.behaviour = behaviour;
      clock.pass(20 * minute);
      const began = performance.now();
      expect(await find(sut, known)).toBe(pemOf(rsa.publicKey));
      await expect(sut.find(unknown)).rejects.toMatchObject({ code: 'auth/keys-unavailable', retry: 'retry' });
      // Within the pause nobody is asked, and nobody waits.
      await expect(sut.find(unknown)).rejects.toMatchObject({ code: 'auth/keys-unavailable' });
      expect(await find(sut, known)).toBe(pemOf(rsa.publicKey));
      expect(performance.now() - began).toBeLessThan(2_000);
      expect(server.requests).toBe(2);
      expect(troubles).toHaveLength(1);
      server.behaviour = 'serves';
      server.keys.push(jwkOf(nextRsa.publicKey, { kid: 'b' }));
      clock.pass(minute);
      expect(await find(sut, unknown)).toBe(pemOf(nextRsa.publicKey));
    },
  );

  it('that were never fetched cannot be told from unknown ones', async () => {
    const sut = keys();
    const { url } = server;
    await server.close();
    await expect(sut.find(token(rsa.privateKey, 'RS256', 'a'))).rejects.toMatchObject({
      code: 'auth/keys-unavailable',
      details: { url, why: 'ECONNREFUSED' },
    });
    server = await KeyServer.start();
  });
});
