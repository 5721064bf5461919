import type { Transform } from 'node:stream';
import type { Clock, Random } from '#contracts';
import { firstPlainSegmentBytes, plainSegmentBytes } from './constants.js';
import type { ContentKind } from './header/header-types.js';
import { suite } from './header/parse-header.js';
import { proveHeader } from './header/prove-header.js';
import { encodeHeader, makeSlots } from './header/write-header.js';
import type { KeyRing } from './keys/key-ring.js';
import { SealStream, type SealedBeginning } from './payload/seal-stream.js';
import { makePayloadHead, SegmentSealer } from './payload/segment-cipher.js';

export interface SealOptions {
  readonly content: ContentKind;
  readonly backupId: string;
  readonly ring: KeyRing;
  /** From the store's `hazina.json`. */
  readonly kdfSalt: string;
  readonly clock: Clock;
  readonly random: Random;
  /** scrypt's n for passphrases; default 131,072. */
  readonly scryptCost?: number;
}

/**
 * Seals one file: either what passes through `stream`, or one small text by `sealAll`. Its nonces are used up by that: a second use of any kind is refused,
 * `sealAll` by throwing, the stream by failing at its first byte.
 */
export interface Sealer {
  readonly fileId: string;
  readonly keyIds: readonly string[];
  readonly header: Buffer;
  /** The same stream each time. */
  readonly stream: Transform;
  sealAll(plaintext: Buffer): Buffer;
}

/** A new data key, wrapped once for each current key of the ring. The header is read back with the ring before anything is sealed. */
export async function createSealer(options: SealOptions): Promise<Sealer> {
  const { content, backupId, ring, kdfSalt, clock, random, scryptCost } = options;
  const dek = random.bytes(32);
  try {
    const fileId = random.bytes(16).toString('hex');
    const slots = await makeSlots({
      ring,
      kdfSalt,
      fileId,
      dek,
      random,
      ...(scryptCost === undefined ? {} : { scryptCost }),
    });
    const header = encodeHeader(
      { v: 1, fileId, suite, content, createdAt: clock.now().toISOString(), backupId, slots },
      dek,
    );
    await proveHeader(header, ring, dek);
    const head = makePayloadHead(random.bytes(39));
    const keyIds = slots.map(({ keyId }) => keyId);
    return new OneFileSealer(fileId, keyIds, header, head, new SegmentSealer(dek, fileId, head));
  } finally {
    dek.fill(0);
  }
}

class OneFileSealer implements Sealer {
  readonly #head: Buffer;
  readonly #cipher: SegmentSealer;
  #stream: SealStream | undefined;
  #used = false;

  constructor(
    readonly fileId: string,
    readonly keyIds: readonly string[],
    readonly header: Buffer,
    head: Buffer,
    cipher: SegmentSealer,
  ) {
    this.#head = head;
    this.#cipher = cipher;
  }

  get stream(): Transform {
    return (this.#stream ??= new SealStream(() => this.#begin()));
  }

  sealAll(plaintext: Buffer): Buffer {
    const { bytes, cipher } = this.#begin();
    const parts = [...bytes];
    let at = 0;
    do {
      const end = Math.min(plaintext.length, at + (cipher.next === 0 ? firstPlainSegmentBytes : plainSegmentBytes));
      parts.push(...cipher.seal(plaintext.subarray(at, end), end === plaintext.length));
      at = end;
    } while (at < plaintext.length);
    return Buffer.concat(parts);
  }

  #begin(): SealedBeginning {
    if (this.#used) throw new Error('this sealer has sealed its file: make a new one for each file');
    this.#used = true;
    return { bytes: [this.header, this.#head], cipher: this.#cipher };
  }
}
