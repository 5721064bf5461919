import type { webcrypto } from 'node:crypto';

/**
 * HPKE (RFC 9180) in base mode, one message for each key schedule: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, no associated data.
 * The library is loaded when it is first needed: most installations have no recipients.
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
  const { enc, ct } = await suite.seal({ recipientPublicKey, info: textOf(info) }, bytesOf(plaintext));
  return { enc: Buffer.from(enc), sealed: Buffer.from(ct) };
}

/** The plaintext; null when it does not open with this key. */
export async function hpkeOpen(
  privateKey: Uint8Array,
  info: string,
  { enc, sealed }: HpkeMessage,
): Promise<Buffer | null> {
  const suite = await (made ??= makeSuite());
  const { OpenError, DecapError, DeserializeError } = await import('@hpke/core');
  const recipientKey = (await suite.kem.importKey('raw', bytesOf(privateKey), false)) as webcrypto.CryptoKey;
  try {
    const plaintext = await suite.open({ recipientKey, enc: bytesOf(enc), info: textOf(info) }, bytesOf(sealed));
    return Buffer.from(plaintext);
  } catch (error) {
    if (error instanceof OpenError || error instanceof DecapError || error instanceof DeserializeError) return null;
    throw error;
  }
}

function bytesOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function textOf(text: string): ArrayBuffer {
  return bytesOf(Buffer.from(text, 'utf8'));
}
