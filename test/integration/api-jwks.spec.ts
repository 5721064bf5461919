import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import { ApiWorld, sign } from '../support/api-world.js';
import { jwkOf, KeyServer } from '../support/key-server.js';

// JWT_JWKS_URI: tokens of an identity provider, by the keys that it publishes.

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const path = '/api/admin/backups';

function token(privateKey: KeyObject, algorithm: 'RS256' | 'ES256', keyid: string): string {
  const { iat, exp, ...claims } = jsonwebtoken.decode(sign({ role: 'viewer' })) as Record<string, unknown>;
  return jsonwebtoken.sign({ ...claims, iat, exp }, privateKey, { algorithm, keyid });
}

describe('with the keys of an identity provider', () => {
  let keys: KeyServer;
  let world: ApiWorld;
  beforeAll(async () => {
    keys = await KeyServer.start();
    keys.keys = [jwkOf(rsa.publicKey, { kid: 'a', use: 'sig', alg: 'RS256' }), jwkOf(ec.publicKey, { kid: 'e' })];
    world = await ApiWorld.start({ environment: { JWT_SECRET: '', JWT_JWKS_URI: keys.url } });
  });
  afterAll(async () => {
    await world.close();
    await keys.close();
  });

  it('its tokens are let in, and no others', async () => {
    expect((await world.get(path, { token: token(rsa.privateKey, 'RS256', 'a') })).status).toBe(200);
    expect((await world.get(path, { token: token(ec.privateKey, 'ES256', 'e') })).status).toBe(200);
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const [, payload = ''] = token(rsa.privateKey, 'RS256', 'a').split('.');
    const head = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: 'a' })).toString('base64url');
    const mac = createHmac('sha256', pem).update(`${head}.${payload}`).digest('base64url');
    for (const forged of [
      sign({ role: 'admin' }),
      token(stranger.privateKey, 'RS256', 'a'),
      token(stranger.privateKey, 'RS256', 'unknown'),
      `${head}.${payload}.${mac}`,
    ])
      expect((await world.get(path, { token: forged })).status).toBe(401);
    expect((await world.post('/api/auth/login', { username: 'a', password: 'b' }, { token: null })).text).toContain(
      'JWT_JWKS_URI',
    );
  });
});

describe('while the identity provider does not answer', () => {
  it.each(['hangs', 'fails'] as const)('(it %s) the reply is 503, in time and with a line in the log', async (how) => {
    const keys = await KeyServer.start();
    keys.behaviour = how;
    const world = await ApiWorld.start({ environment: { JWT_SECRET: '', JWT_JWKS_URI: keys.url } });
    try {
      const began = performance.now();
      const reply = await world.get(path, { token: token(rsa.privateKey, 'RS256', 'a') });
      expect(performance.now() - began).toBeLessThan(3_000);
      expect({ status: reply.status, type: reply.body.type }).toEqual({
        status: 503,
        type: 'https://hazina.dev/problems/auth-keys-unavailable',
      });
      expect(reply.headers.get('retry-after')).toMatch(/^\d+$/);
      // Where the keys come from is for operators, not for strangers.
      expect(reply.text).not.toContain(keys.url);
      expect(world.lines.join('')).toContain('auth/keys-unavailable');
      expect((await world.get(path, { token: null })).status).toBe(401);
      expect((await world.get(path, { token: 'nonsense' })).status).toBe(401);
      expect((await world.get('/health/live', { token: null })).status).toBe(200);
    } finally {
      await world.close();
      await keys.close();
    }
  });
});
