import { createCipheriv, createDecipheriv } from 'node:crypto';
import { mostSegments, payloadHeadBytes, tagBytes } from '../constants.js';
import { segmentKey } from '../derive.js';

const saltBytes = 32;
const prefixBytes = 7;

/** What both directions need of one payload (Tink AES256_GCM_HKDF_1MB, spec/container.md): its key and its nonces. */
class Segments {
  readonly key: Buffer;
  readonly #prefix: Buffer;

  constructor(
    dek: Uint8Array,
    fileId: string,
    /** The 40 bytes at the payload's beginning. */
    head: Buffer,
  ) {
    this.key = segmentKey(dek, fileId, head.subarray(1, 1 + saltBytes));
    this.#prefix = Buffer.from(head.subarray(1 + saltBytes, 1 + saltBytes + prefixBytes));
  }

  nonce(index: number, last: boolean): Buffer {
    const nonce = Buffer.alloc(12);
    this.#prefix.copy(nonce);
    nonce.writeUInt32BE(index, prefixBytes);
    nonce[11] = last ? 1 : 0;
    return nonce;
  }
}

/** Seals the segments of one payload, each once and in order, so that no nonce can come twice. */
export class SegmentSealer {
  readonly #segments: Segments;
  #next = 0;
  #ended = false;

  constructor(dek: Uint8Array, fileId: string, head: Buffer) {
    this.#segments = new Segments(dek, fileId, head);
  }

  /** The segment that is sealed next. */
  get next(): number {
    return this.#next;
  }

  seal(plaintext: Buffer, last: boolean): Buffer[] {
    if (this.#ended) throw new Error('the payload has its last segment already: a nonce would be used twice');
    if (this.#next >= mostSegments) throw new Error('a payload has at most 2^32 segments');
    const nonce = this.#segments.nonce(this.#next, last);
    this.#next += 1;
    this.#ended = last;
    const cipher = createCipheriv('aes-256-gcm', this.#segments.key, nonce, { authTagLength: tagBytes });
    const sealed = cipher.update(plaintext);
    cipher.final();
    if (last) this.wipe();
    return [sealed, cipher.getAuthTag()];
  }

  /** Forgets the key: nothing can be sealed any more. */
  wipe(): void {
    this.#ended = true;
    this.#segments.key.fill(0);
  }
}

/** Opens segments of one payload, in any order. */
export class SegmentOpener {
  readonly #segments: Segments;

  constructor(dek: Uint8Array, fileId: string, head: Buffer) {
    this.#segments = new Segments(dek, fileId, head);
  }

  /** The plaintext; null when the tag does not fit, or when no payload has so many segments. Nothing is given out before it was checked. */
  open(index: number, last: boolean, ciphertext: Buffer): Buffer | null {
    if (ciphertext.length < tagBytes || index >= mostSegments) return null;
    const nonce = this.#segments.nonce(index, last);
    const decipher = createDecipheriv('aes-256-gcm', this.#segments.key, nonce, { authTagLength: tagBytes });
    decipher.setAuthTag(ciphertext.subarray(ciphertext.length - tagBytes));
    const plaintext = decipher.update(ciphertext.subarray(0, ciphertext.length - tagBytes));
    try {
      decipher.final();
      return plaintext;
    } catch {
      return null;
    }
  }

  /** Forgets the key. */
  wipe(): void {
    this.#segments.key.fill(0);
  }
}

/** A fresh payload head: its length, salt, nonce prefix. */
export function makePayloadHead(random: Buffer): Buffer {
  return Buffer.concat([Buffer.from([payloadHeadBytes]), random]);
}
