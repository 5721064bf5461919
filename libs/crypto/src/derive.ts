import { createCipheriv, createDecipheriv, createHmac, hkdfSync, scrypt } from 'node:crypto';
import { tagBytes } from './constants.js';

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
  return createHmac('sha256', hkdf(dek, 'hazina/v1/header')).update(region).digest();
}

/** The wrap key is used once, so the zero nonce is safe (spec/container.md, Slots). */
function wrapKey(kek: Uint8Array, salt: Uint8Array, fileId: string, keyId: string): Buffer {
  return hkdf(kek, `hazina/v1/wrap/${fileId}/${keyId}`, salt);
}

export function wrap(kek: Uint8Array, salt: Uint8Array, fileId: string, keyId: string, dek: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', wrapKey(kek, salt, fileId, keyId), zeroNonce, {
    authTagLength: tagBytes,
  });
  return Buffer.concat([cipher.update(dek), cipher.final(), cipher.getAuthTag()]);
}

/** The DEK; null when the slot does not open. */
export function unwrap(
  kek: Uint8Array,
  salt: Uint8Array,
  fileId: string,
  keyId: string,
  wrapped: Uint8Array,
): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', wrapKey(kek, salt, fileId, keyId), zeroNonce, {
    authTagLength: tagBytes,
  });
  decipher.setAuthTag(wrapped.subarray(32));
  try {
    return Buffer.concat([decipher.update(wrapped.subarray(0, 32)), decipher.final()]);
  } catch {
    return null;
  }
}

export function scryptKey(passphrase: string, salt: Buffer, n: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: n, r: 8, p: 1, maxmem: 256 * n * 8 };
    scrypt(passphrase.normalize('NFC'), salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
