import { createCipheriv, createDecipheriv } from 'node:crypto';
import { payloadHeadBytes, tagBytes } from '../constants.js';
import { hkdf } from '../derive.js';

const saltBytes = 32;
const prefixBytes = 7;
const mostSegments = 2 ** 32;

/** Seals and opens the segments of one payload (Tink AES256_GCM_HKDF_1MB, spec/container.md). */
export class SegmentCipher {
  readonly #key: Buffer;
  readonly #prefix: Buffer;

  constructor(
    dek: Uint8Array,
    fileId: string,
    /** The 40 bytes at the payload's beginning. */
    head: Buffer,
  ) {
    const salt = head.subarray(1, 1 + saltBytes);
    this.#key = hkdf(hkdf(dek, 'hazina/v1/payload'), `hazina/v1/${fileId}`, salt);
    this.#prefix = Buffer.from(head.subarray(1 + saltBytes, 1 + saltBytes + prefixBytes));
  }

  seal(index: number, last: boolean, plaintext: Buffer): Buffer[] {
    const cipher = createCipheriv('aes-256-gcm', this.#key, this.#nonce(index, last), { authTagLength: tagBytes });
    const sealed = cipher.update(plaintext);
    cipher.final();
    return [sealed, cipher.getAuthTag()];
  }

  /** The plaintext; null when the tag does not fit. Nothing is given out before it was checked. */
  open(index: number, last: boolean, ciphertext: Buffer): Buffer | null {
    if (ciphertext.length < tagBytes) return null;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, this.#nonce(index, last), { authTagLength: tagBytes });
    decipher.setAuthTag(ciphertext.subarray(ciphertext.length - tagBytes));
    const plaintext = decipher.update(ciphertext.subarray(0, ciphertext.length - tagBytes));
    try {
      decipher.final();
      return plaintext;
    } catch {
      return null;
    }
  }

  #nonce(index: number, last: boolean): Buffer {
    if (index >= mostSegments) throw new Error('a payload has at most 2^32 segments');
    const nonce = Buffer.alloc(12);
    this.#prefix.copy(nonce);
    nonce.writeUInt32BE(index, prefixBytes);
    nonce[11] = last ? 1 : 0;
    return nonce;
  }
}

/** A fresh payload head: its length, salt, nonce prefix. */
export function makePayloadHead(random: Buffer): Buffer {
  return Buffer.concat([Buffer.from([payloadHeadBytes]), random]);
}
