import { afterEach, expect, it, jest } from '@jest/globals';
import { CipherSuite, DhkemX25519HkdfSha256 } from '@hpke/core';
import { generateKeyPairSync } from 'node:crypto';
import { hpkeOpen, hpkeSeal } from './hpke.js';

afterEach(() => void jest.restoreAllMocks());

const { publicKey, privateKey } = generateKeyPairSync('x25519');
const publicBytes = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
const privateBytes = privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32);
const secret = Buffer.alloc(32, 0x5a);
const isWiped = (bytes: unknown) => Buffer.from(bytes as ArrayBuffer).every((byte) => byte === 0);

it('wipes its copies of keys after use, and none of what it was given', async () => {
  const seal = jest.spyOn(CipherSuite.prototype, 'seal');
  const importKey = jest.spyOn(DhkemX25519HkdfSha256.prototype, 'importKey');
  const message = await hpkeSeal(publicBytes, 'info', secret);
  expect(isWiped(seal.mock.calls[0]?.[1])).toBe(true);
  const opened = await hpkeOpen(privateBytes, 'info', message);
  expect(opened?.equals(secret)).toBe(true);
  const privates = importKey.mock.calls.filter(([, , isPublic]) => isPublic === false);
  expect(privates).toHaveLength(1);
  expect(isWiped(privates[0]?.[1])).toBe(true);
  expect(secret.every((byte) => byte === 0x5a)).toBe(true);
  expect(privateBytes.some((byte) => byte !== 0)).toBe(true);
});

it('wipes them also when the key does not open it, or nothing can be done with it', async () => {
  const importKey = jest.spyOn(DhkemX25519HkdfSha256.prototype, 'importKey');
  const message = await hpkeSeal(publicBytes, 'info', secret);
  expect(await hpkeOpen(Buffer.alloc(32, 7), 'info', message)).toBeNull();
  expect(isWiped(importKey.mock.calls.at(-1)?.[1])).toBe(true);
  await expect(hpkeOpen(Buffer.alloc(31, 7), 'info', message)).rejects.toThrow();
  expect(isWiped(importKey.mock.calls.at(-1)?.[1])).toBe(true);
});
