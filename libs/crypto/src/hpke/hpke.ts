import type { webcrypto } from 'node:crypto';

/**
 * HPKE (RFC 9180) in base mode, one message for each key schedule: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, no associated data.
 * The library is loaded when it is first needed: most installations have no recipients. The copies of keys that are made here are wiped after use; what the library and
 * the engine copy is not ours (docs/container-format.md, "Keys in memory").
 */
type Suite = Awaited<ReturnType<typeof makeSuite>>;

let made: Promise<Suite> | undefined;

async function makeSuite() {
  const { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } = await import('@hpke/core');
  return new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}

export interface HpkeMessage {
  /** The encapsulated key: 32 bytes. */
  readonly enc: Buffer;
  /** The sealed text and its tag. */
  readonly sealed: Buffer;
}

/** Seals for the holder of the private key. Who seals keeps nothing that opens it. */
export async function hpkeSeal(publicKey: Uint8Array, info: string, plaintext: Uint8Array): Promise<HpkeMessage> {
  const suite = await (made ??= makeSuite());
  const recipientPublicKey = (await suite.kem.importKey('raw', bytesOf(publicKey), true)) as webcrypto.CryptoKey;
  return withCopy(plaintext, async (copy) => {
    const { enc, ct } = await suite.seal({ recipientPublicKey, info: textOf(info) }, copy);
    return { enc: Buffer.from(enc), sealed: Buffer.from(ct) };
  });
}

/** The plaintext, in memory of its own that its reader wipes; null when it does not open with this key. */
export async function hpkeOpen(
  privateKey: Uint8Array,
  info: string,
  { enc, sealed }: HpkeMessage,
): Promise<Buffer | null> {
  const suite = await (made ??= makeSuite());
  const { OpenError, DecapError, DeserializeError } = await import('@hpke/core');
  const recipientKey = await withCopy(
    privateKey,
    async (copy) => (await suite.kem.importKey('raw', copy, false)) as webcrypto.CryptoKey,
  );
  try {
    const plaintext = await suite.open({ recipientKey, enc: bytesOf(enc), info: textOf(info) }, bytesOf(sealed));
    // A view, no copy.
    return Buffer.from(plaintext);
  } catch (error) {
    if (error instanceof OpenError || error instanceof DecapError || error instanceof DeserializeError) return null;
    throw error;
  }
}

/** The library takes buffers of its own alone: a copy of secret bytes, which is wiped when it was used. */
async function withCopy<T>(secret: Uint8Array, use: (copy: ArrayBuffer) => Promise<T>): Promise<T> {
  const copy = bytesOf(secret);
  try {
    return await use(copy);
  } finally {
    new Uint8Array(copy).fill(0);
  }
}

function bytesOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function textOf(text: string): ArrayBuffer {
  return bytesOf(Buffer.from(text, 'utf8'));
}
