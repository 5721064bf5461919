import { createCipheriv, createDecipheriv, createHmac, hkdfSync, scrypt } from 'node:crypto';
import { tagBytes } from './constants.js';

// Keys that come out of these functions lie in memory of their own, never in Node's shared pool, so that who asked for one can wipe it.

const noBytes = Buffer.alloc(0);
const zeroNonce = Buffer.alloc(12);

/** HKDF-SHA-256, 32 bytes out; no salt is an empty one. */
export function hkdf(key: Uint8Array, info: string, salt: Uint8Array = noBytes): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, Buffer.from(info, 'utf8'), 32));
}

export function keyIdOf(kek: Uint8Array): string {
  return hkdf(kek, 'hazina/v1/key-id').subarray(0, 8).toString('hex');
}

export function headerMac(dek: Uint8Array, region: Uint8Array): Buffer {
  return withKey(hkdf(dek, 'hazina/v1/header'), (key) => createHmac('sha256', key).update(region).digest());
}

/** Key of the payload's segments; `salt` comes from the payload's head. */
export function segmentKey(dek: Uint8Array, fileId: string, salt: Uint8Array): Buffer {
  return withKey(hkdf(dek, 'hazina/v1/payload'), (key) => hkdf(key, `hazina/v1/${fileId}`, salt));
}

export function wrap(kek: Uint8Array, salt: Uint8Array, fileId: string, keyId: string, dek: Uint8Array): Buffer {
  return withKey(wrapKey(kek, salt, fileId, keyId), (key) => {
    const cipher = createCipheriv('aes-256-gcm', key, zeroNonce, { authTagLength: tagBytes });
    return Buffer.concat([cipher.update(dek), cipher.final(), cipher.getAuthTag()]);
  });
}

/** The DEK; null when the slot does not open. */
export function unwrap(
  kek: Uint8Array,
  salt: Uint8Array,
  fileId: string,
  keyId: string,
  wrapped: Uint8Array,
): Buffer | null {
  return withKey(wrapKey(kek, salt, fileId, keyId), (key) => {
    const decipher = createDecipheriv('aes-256-gcm', key, zeroNonce, { authTagLength: tagBytes });
    decipher.setAuthTag(wrapped.subarray(32));
    // All 32 bytes: GCM keeps none back for `final`, which judges the tag.
    const dek = decipher.update(wrapped.subarray(0, 32));
    try {
      decipher.final();
      return dek;
    } catch {
      dek.fill(0);
      return null;
    }
  });
}

/** `n` is within bounds (`isAllowedCost`); takes 1 KiB times n of memory. */
export function scryptKey(passphrase: string, salt: Buffer, n: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: n, r: 8, p: 1, maxmem: 256 * n * 8 };
    scrypt(passphrase.normalize('NFC'), salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/** The wrap key is used once, so the zero nonce is safe (spec/container.md, Slots). */
function wrapKey(kek: Uint8Array, salt: Uint8Array, fileId: string, keyId: string): Buffer {
  return hkdf(kek, `hazina/v1/wrap/${fileId}/${keyId}`, salt);
}

/** Uses a key and wipes it. */
function withKey<T>(key: Buffer, use: (key: Buffer) => T): T {
  try {
    return use(key);
  } finally {
    key.fill(0);
  }
}
