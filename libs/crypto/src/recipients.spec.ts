import { describe, expect, it } from '@jest/globals';
import { createHash, type webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Aes128Gcm, Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { Secret, systemClock, systemRandom } from '#contracts';
import { hpkeOpen, hpkeSeal } from './hpke/hpke.js';
import { keyRingOf } from './keys/key-ring-of.js';
import type { KeyRing } from './keys/key-ring.js';
import { nameKeys } from './keys/name-keys.js';
import { generateRecipient, parseKey } from './keys/parse-key.js';
import { inspectHeader, openAll } from './opener.js';
import { rewrapHeader } from './rewrap-header.js';
import { createSealer } from './sealer.js';

// Slots of kind x25519: made by another implementation (test/support/make_recipient_vectors.py), and by ours.

interface Vectors {
  readonly recipients: { privateKey: string; publicKey: string; keyId: string }[];
  readonly hpke: Record<'from' | 'aead' | 'skR' | 'enc' | 'info' | 'aad' | 'ct' | 'pt', string>[];
  readonly good: { file: string; keys: string[]; plaintextBytes: number; plaintextSha256: string }[];
  readonly bad: { file: string; keys: string[]; error: string }[];
  readonly refusedKeys: string[];
  readonly refusedRecipients: string[];
}

const folder = new URL('../../../test/vectors/', import.meta.url);
const vectors = JSON.parse(readFileSync(new URL('recipients.json', folder), 'utf8')) as Vectors;
const load = (file: string): Buffer => readFileSync(new URL(`recipients/${file}`, folder));
const [ann, ben] = vectors.recipients as [Vectors['recipients'][0], Vectors['recipients'][0]];
const kdfSalt = '5a'.repeat(16);
const hexKey = (byte: string) => `hex:${byte.repeat(32)}`;
const given = (text: string) => ({ variable: 'KEY', text: new Secret(text) });
const ringOf = (current: string | null, recipients: string[] = [], retired: string[] = []): KeyRing =>
  keyRingOf(
    {
      current: current === null ? undefined : given(current),
      recipients: recipients.map(given),
      retired: retired.map(given),
    },
    () => undefined,
  );
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'opened',
    (error: unknown) => (error as { code?: string }).code ?? error,
  );

async function seal(ring: KeyRing): Promise<Buffer> {
  const content = { kind: 'mongodump-archive', compression: 'none' } as const;
  const common = { content, kdfSalt, clock: systemClock, random: systemRandom };
  const sealer = await createSealer({ ...common, backupId: 'clinic-20261123T020000Z-k3f9q2', ring });
  return sealer.sealAll(Buffer.from('what the worker wrote'));
}

const read = async (bytes: Buffer, ring: KeyRing, sidecar?: Buffer): Promise<string> =>
  (await openAll(bytes, { ring, expect: {}, ...(sidecar === undefined ? {} : { sidecar }) })).plaintext.toString();

describe('HPKE', () => {
  it.each(vectors.hpke.map((vector) => [vector.from, vector] as const))(
    'opens the message of %s',
    async (_, vector) => {
      const bytes = (hex: string): ArrayBuffer => new Uint8Array(Buffer.from(hex, 'hex')).buffer;
      const aead = vector.aead === 'AES-128-GCM' ? new Aes128Gcm() : new Aes256Gcm();
      const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead });
      const recipientKey = (await suite.kem.importKey('raw', bytes(vector.skR), false)) as webcrypto.CryptoKey;
      const message = { recipientKey, enc: bytes(vector.enc), info: bytes(vector.info) };
      const opened = await suite.open(message, bytes(vector.ct), bytes(vector.aad));
      expect(Buffer.from(opened).toString('hex')).toBe(vector.pt);
      if (vector.aead === 'AES-128-GCM') return;
      // And by our own door.
      const [enc, sealed] = [Buffer.from(vector.enc, 'hex'), Buffer.from(vector.ct, 'hex')];
      const info = Buffer.from(vector.info, 'hex').toString();
      expect((await hpkeOpen(Buffer.from(vector.skR, 'hex'), info, { enc, sealed }))?.toString('hex')).toBe(vector.pt);
      expect(await hpkeOpen(Buffer.from(vector.skR, 'hex'), `${info}x`, { enc, sealed })).toBeNull();
    },
  );

  it('gives another message each time, which the holder alone opens', async () => {
    const keys = parseKey(new Secret(ann.privateKey), 'KEY').key.material();
    if (keys.kind !== 'x25519-private') throw new Error(keys.kind);
    const plaintext = systemRandom.bytes(32);
    const [one, other] = [
      await hpkeSeal(keys.publicKey, 'a', plaintext),
      await hpkeSeal(keys.publicKey, 'a', plaintext),
    ];
    expect(one.enc.equals(other.enc)).toBe(false);
    expect((await hpkeOpen(keys.privateKey, 'a', one))?.equals(plaintext)).toBe(true);
    expect(await hpkeOpen(systemRandom.bytes(32), 'a', one)).toBeNull();
  });
});

describe('containers of another implementation', () => {
  it.each(vectors.good.map((vector) => [vector.file, vector] as const))('%s opens', async (_, vector) => {
    for (const key of vector.keys) {
      const { plaintext } = await openAll(load(vector.file), { ring: ringOf(key), expect: {} });
      expect(plaintext.length).toBe(vector.plaintextBytes);
      expect(createHash('sha256').update(plaintext).digest('hex')).toBe(vector.plaintextSha256);
    }
  });

  it.each(vectors.bad.map((vector) => [vector.file, vector.error, vector] as const))(
    '%s is %s',
    async (_file, _error, vector) => {
      for (const key of vector.keys)
        expect(await codeOf(openAll(load(vector.file), { ring: ringOf(key), expect: {} }))).toBe(vector.error);
    },
  );
});

describe('keys of recipients', () => {
  it.each(vectors.recipients.map((one) => [one.keyId, one] as const))(
    '%s has one name and two texts',
    async (_, one) => {
      const keys = { current: given(one.privateKey), recipients: [], retired: [given(one.publicKey)] };
      const named = await nameKeys(keys, null);
      expect(named).toMatchObject([
        { keyId: one.keyId, form: 'x25519-private', state: 'active', publicKey: one.publicKey },
        { keyId: one.keyId, form: 'x25519-public', state: 'retired', publicKey: one.publicKey },
      ]);
      expect(JSON.stringify(named)).not.toContain(one.privateKey);
    },
  );

  it.each([...vectors.refusedKeys, ...vectors.refusedRecipients])('%j is refused, and not repeated', (text) => {
    let error: unknown;
    try {
      parseKey(new Secret(text), 'KEY');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'keys/refused' });
    if (text.length > 20) expect((error as Error).message).not.toContain(text.slice(16, 30));
  });

  it('are refused in each other’s places, and more than a header holds', () => {
    expect(() => ringOf(ann.publicKey)).toThrow('opens nothing');
    expect(() => ringOf(null, [ann.privateKey])).toThrow('opens');
    expect(() => ringOf(null, [hexKey('11')])).toThrow('opens');
    const many = Array.from({ length: 8 }, () => generateRecipient(systemRandom).publicKey);
    expect(ringOf(null, many).current).toHaveLength(8);
    expect(() => ringOf(hexKey('11'), many)).toThrow('room for 8');
  });

  it('made by us are read by us', () => {
    const { privateKey, publicKey } = generateRecipient(systemRandom);
    expect(parseKey(privateKey, 'KEY').key.kind).toBe('x25519-private');
    expect(parseKey(new Secret(publicKey), 'KEY').key.opens).toBe(false);
    expect(String(privateKey)).toBe('[redacted]');
  });
});

describe('a ring of public keys alone', () => {
  const writer = ringOf(null, [ann.publicKey, ben.publicKey]);

  it('seals, and does not open what it sealed', async () => {
    expect([writer.canOpen, writer.opensWhatItSeals]).toEqual([false, false]);
    const sealed = await seal(writer);
    expect(inspectHeader(sealed).slots).toMatchObject([
      { kind: 'x25519', keyId: ann.keyId },
      { kind: 'x25519', keyId: ben.keyId },
    ]);
    expect(await codeOf(read(sealed, writer))).toBe('keys/write-only');
    for (const holder of [ann, ben])
      expect(await read(sealed, ringOf(holder.privateKey))).toBe('what the worker wrote');
    expect(await codeOf(read(sealed, ringOf(hexKey('11'))))).toBe('container/no-key');
  });

  it('seals eight of them into one header', async () => {
    const pairs = Array.from({ length: 8 }, () => generateRecipient(systemRandom));
    const sealed = await seal(
      ringOf(
        null,
        pairs.map(({ publicKey }) => publicKey),
      ),
    );
    for (const { privateKey } of pairs)
      expect(await read(sealed, ringOf(privateKey.reveal()))).toBe('what the worker wrote');
  });
});

describe('a key of ours beside recipients', () => {
  it('opens, and so does each holder', async () => {
    const sealed = await seal(ringOf(hexKey('11'), [ann.publicKey]));
    for (const key of [hexKey('11'), ann.privateKey])
      expect(await read(sealed, ringOf(key))).toBe('what the worker wrote');
    // A holder who names himself as a recipient too has one slot.
    expect(inspectHeader(await seal(ringOf(ann.privateKey, [ann.publicKey]))).slots).toHaveLength(1);
  });

  it('is left behind by a rotation to a recipient, proven with the private key', async () => {
    const sealed = await seal(ringOf(hexKey('11')));
    const from = ringOf(ann.privateKey, [ben.publicKey], [hexKey('11')]);
    const common = { kdfSalt, random: systemRandom };
    const sidecar = await rewrapHeader(sealed, { ...common, from, to: from.currentOnly() });
    expect(inspectHeader(sidecar).slots.map(({ keyId }) => keyId)).toEqual([ann.keyId, ben.keyId]);
    for (const { privateKey } of [ann, ben])
      expect(await read(sealed, ringOf(privateKey), sidecar)).toBe('what the worker wrote');
    const onlyPublic = ringOf(null, [ann.publicKey], [hexKey('11')]);
    const toPublic = rewrapHeader(sealed, { ...common, from: onlyPublic, to: onlyPublic.currentOnly() });
    expect(await codeOf(toPublic)).toBe('keys/write-only');
  });

  it('tells whose slots are whose', async () => {
    const { slots } = inspectHeader(await seal(ringOf(hexKey('11'), [ann.publicKey, ben.publicKey])));
    const ring = ringOf(hexKey('11'), [], [ann.publicKey]);
    expect(await Promise.all(slots.map((slot) => ring.ownerOf(slot)))).toEqual(['current', 'retired', 'unknown']);
  });
});
