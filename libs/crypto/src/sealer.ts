import type { Transform } from 'node:stream';
import type { Clock, Random } from '#contracts';
import { firstPlainSegmentBytes, plainSegmentBytes } from './constants.js';
import type { ContentKind } from './header/header-types.js';
import { suite } from './header/parse-header.js';
import { encodeHeader, makeSlots } from './header/write-header.js';
import type { KeyRing } from './keys/key-ring.js';
import { SealStream } from './payload/seal-stream.js';
import { makePayloadHead, SegmentCipher } from './payload/segment-cipher.js';

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

/** Seals one file: either what passes through `stream`, or one small text by `sealAll`. Not both, not twice: the nonces are used once. */
export interface Sealer {
  readonly fileId: string;
  readonly keyIds: readonly string[];
  readonly header: Buffer;
  readonly stream: Transform;
  sealAll(plaintext: Buffer): Buffer;
}

/** A new data key, wrapped once for each current key of the ring. */
export async function createSealer(options: SealOptions): Promise<Sealer> {
  const { content, backupId, ring, kdfSalt, clock, random, scryptCost } = options;
  const dek = random.bytes(32);
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
  const head = makePayloadHead(random.bytes(39));
  const cipher = new SegmentCipher(dek, fileId, head);
  const stream = new SealStream(cipher, [header, head]);
  return {
    fileId,
    keyIds: slots.map(({ keyId }) => keyId),
    header,
    stream,
    sealAll: (plaintext) => Buffer.concat([header, head, ...sealSegments(cipher, plaintext)]),
  };
}

function sealSegments(cipher: SegmentCipher, plaintext: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let at = 0;
  for (let index = 0; index === 0 || at < plaintext.length; index += 1) {
    const end = Math.min(plaintext.length, at + (index === 0 ? firstPlainSegmentBytes : plainSegmentBytes));
    parts.push(...cipher.seal(index, end === plaintext.length, plaintext.subarray(at, end)));
    at = end;
  }
  return parts;
}
