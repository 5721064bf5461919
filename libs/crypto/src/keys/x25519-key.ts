import { createHash, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { hkdf } from '../derive.js';

// The texts of X25519 keys and the names of recipients (docs/container-format.md, "Recipients").

export const publicKeyPrefix = 'x25519-public:';
export const privateKeyPrefix = 'x25519-private:';
export type X25519Prefix = typeof publicKeyPrefix | typeof privateKeyPrefix;

const keyBytes = 32;
const checksumBytes = 4;
/** DER of a PKCS#8 private key and of an SPKI public key of X25519, up to their 32 bytes (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b656e04220420', 'hex');
const spkiHead = Buffer.from('302a300506032b656e032100', 'hex');
/** A private key that nobody uses: whether a point is of a small order shows with any. */
const anyPrivateKey = privateKeyObject(Buffer.alloc(keyBytes, 0x42));

/** The prefix, and base64 of the 32 bytes and their checksum: a letter that was changed or lost is noticed, and so is a public key in the place of a private one. */
export function x25519Text(prefix: X25519Prefix, key: Uint8Array): string {
  return `${prefix}${Buffer.concat([key, checksum(prefix, key)]).toString('base64')}`;
}

/** The 32 bytes behind a prefix, in memory of their own; undefined for anything but their one text. */
export function x25519Bytes(prefix: X25519Prefix, rest: string): Buffer | undefined {
  const decoded = Buffer.from(rest, 'base64');
  try {
    if (decoded.length !== keyBytes + checksumBytes || decoded.toString('base64') !== rest) return undefined;
    const key = Buffer.alloc(keyBytes);
    decoded.copy(key);
    if (checksum(prefix, key).equals(decoded.subarray(keyBytes))) return key;
    key.fill(0);
    return undefined;
  } finally {
    decoded.fill(0);
  }
}

export function x25519PublicKeyOf(privateKey: Buffer): Buffer {
  const spki = createPublicKey(privateKeyObject(privateKey)).export({ type: 'spki', format: 'der' });
  return Buffer.from(spki.subarray(spkiHead.length));
}

/** Whether it may be sealed for: with a point of a small order everybody would know the shared secret (RFC 7748, 6.1). */
export function isUsablePublicKey(publicKey: Buffer): boolean {
  try {
    const key = createPublicKey({ key: Buffer.concat([spkiHead, publicKey]), format: 'der', type: 'spki' });
    return diffieHellman({ privateKey: anyPrivateKey, publicKey: key }).some((byte) => byte !== 0);
  } catch {
    return false;
  }
}

/** The name of a recipient: of the public key, so that whoever seals and whoever opens call it the same. */
export function recipientIdOf(publicKey: Uint8Array): string {
  return hkdf(publicKey, 'hazina/v1/recipient-id').subarray(0, 8).toString('hex');
}

function privateKeyObject(privateKey: Buffer): KeyObject {
  const der = Buffer.concat([pkcs8Head, privateKey]);
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } finally {
    der.fill(0);
  }
}

function checksum(prefix: X25519Prefix, key: Uint8Array): Buffer {
  return createHash('sha256').update(prefix).update(key).digest().subarray(0, checksumBytes);
}
