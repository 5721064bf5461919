import type { AppError } from '#contracts';
import { keyIdOf, scryptKey } from '../derive.js';
import type { Slot } from '../header/header-types.js';
import type { KeyWrapper } from '../providers/key-services.js';
import { kmsKeyIdOf } from './kms-arn.js';
import type { OperatorKey } from './operator-key.js';
import { isOwn, type SlotOwner } from './own-slot.js';
import { defaultScryptCost } from './scrypt-cost.js';
import { recipientIdOf } from './x25519-key.js';

/** A key-encryption key and its name. */
export interface Kek {
  readonly keyId: string;
  readonly kek: Buffer;
}

/** A key as slots name it. */
export interface RingKey {
  readonly keyId: string;
  /** The kind of its slots. */
  readonly kind: 'raw' | 'scrypt' | 'x25519' | 'aws-kms';
  /** A public key opens nothing. */
  readonly opens: boolean;
}

/**
 * Our keys. `current` seal and open, `retired` only open. scrypt runs once per (passphrase, kdfSalt, n) and process, and never twice at the same time: each
 * run takes up to 256 MiB, and headers, which nobody has authenticated yet, say how many there are.
 */
export class KeyRing {
  readonly #scrypt: typeof scryptKey;
  readonly #current: readonly OperatorKey[];
  readonly #retired: readonly OperatorKey[];
  /** Why the key that was given to seal with only opens; undefined: it seals, or there is none. Whoever seals throws it. */
  readonly unfitToSeal: AppError | undefined;
  /** What scrypt gave, and the run that is last in line; rings of the same keys share it. */
  #work: { readonly derived: Map<string, Promise<Buffer>>; turn: Promise<unknown> } = {
    derived: new Map(),
    turn: Promise.resolve(),
  };

  constructor(
    keys: {
      readonly current: readonly OperatorKey[];
      readonly retired: readonly OperatorKey[];
      readonly unfitToSeal?: AppError | undefined;
    },
    scrypt = scryptKey,
    /** Asked for keys in AWS KMS. */
    private readonly kms?: KeyWrapper,
  ) {
    this.#scrypt = scrypt;
    this.#current = keys.current;
    this.#retired = keys.retired;
    this.unfitToSeal = keys.unfitToSeal;
  }

  /** Keys that new files are sealed with. */
  get current(): readonly OperatorKey[] {
    return this.#current;
  }

  get holdsPassphrase(): boolean {
    return this.#all().some(({ kind }) => kind === 'passphrase');
  }

  /** Whether any of our keys opens anything. A ring of public keys alone is write-only. */
  get canOpen(): boolean {
    return this.#all().some(({ opens }) => opens);
  }

  /** Whether a key that seals new files opens them too: else nobody here can read what is written here. */
  get opensWhatItSeals(): boolean {
    return this.#current.some(({ opens }) => opens);
  }

  /** Names of all our keys in a store with this salt (32 hex digits). */
  async keyIds(kdfSalt: string): Promise<RingKey[]> {
    return Promise.all(
      this.#all().map(async (key) => ({
        ...{ keyId: await this.nameOf(key, kdfSalt), kind: slotKinds[key.kind], opens: key.opens },
      })),
    );
  }

  /** Names of our public keys without their private halves: what is sealed for them is not ours to open. */
  recipientIds(): string[] {
    return this.#all().flatMap((key) => {
      const material = key.material();
      return material.kind === 'x25519-public' ? [recipientIdOf(material.publicKey)] : [];
    });
  }

  /** The private key of a recipient that we are. */
  privateKeyOf(keyId: string): Buffer | undefined {
    for (const key of this.#all()) {
      const material = key.material();
      if (material.kind === 'x25519-private' && recipientIdOf(material.publicKey) === keyId) return material.privateKey;
    }
    return undefined;
  }

  /** Who asks AWS KMS, if this key there is one of ours. */
  wrapperOf(keyArn: string): KeyWrapper | undefined {
    const isOurs = this.#all().some((key) => {
      const material = key.material();
      return material.kind === 'aws-kms' && material.keyArn === keyArn;
    });
    return isOurs ? this.wrapper : undefined;
  }

  get wrapper(): KeyWrapper {
    if (this.kms === undefined) throw new Error('a ring with keys in AWS KMS was made without the means to ask it');
    return this.kms;
  }

  /** Whose a slot is. A rotation takes away those of retired keys alone: of another key nobody here may decide. */
  async ownerOf(slot: Slot): Promise<SlotOwner> {
    const isMine = (key: OperatorKey) => isOwn(key, slot, (kdfSalt, n) => this.nameOf(key, kdfSalt, n));
    for (const key of this.#current) if (await isMine(key)) return 'current';
    for (const key of this.#retired) if (await isMine(key)) return 'retired';
    return 'unknown';
  }

  /** Names of the current keys: the slots of a file that is sealed now. `n` is the cost of passphrases. */
  async currentKeyIds(kdfSalt: string, n = defaultScryptCost): Promise<string[]> {
    return Promise.all(this.#current.map((key) => this.nameOf(key, kdfSalt, n)));
  }

  /** The same keys without the retired ones: what opens with it needs no old key. */
  currentOnly(): KeyRing {
    const ring = new KeyRing({ current: this.#current, retired: [] }, this.#scrypt, this.kms);
    ring.#work = this.#work;
    return ring;
  }

  /** The same keys; what is asked of AWS KMS ends with this signal (`run/cancelled`). */
  within(signal: AbortSignal): KeyRing {
    const { kms } = this;
    if (kms === undefined) return this;
    const ring = new KeyRing(
      { current: this.#current, retired: this.#retired, unfitToSeal: this.unfitToSeal },
      this.#scrypt,
      {
        wrap: (keyArn, fileId, dek) => kms.wrap(keyArn, fileId, dek, signal),
        unwrap: (keyArn, fileId, wrapped) => kms.unwrap(keyArn, fileId, wrapped, signal),
      },
    );
    ring.#work = this.#work;
    return ring;
  }

  /** Our raw keys as KEKs. */
  rawKeks(): Kek[] {
    return this.#all().flatMap((key) => {
      const material = key.material();
      return material.kind === 'raw' ? [{ keyId: keyIdOf(material.kek), kek: material.kek }] : [];
    });
  }

  /** Our passphrases as KEKs under a slot's own parameters, each derived when it is asked for. */
  async *scryptKeks(kdfSalt: string, n: number): AsyncGenerator<Kek> {
    for (const key of this.#all()) if (key.kind === 'passphrase') yield await this.kekOf(key, kdfSalt, n);
  }

  /** Of a key that wraps by itself: raw, or a passphrase. */
  async kekOf(key: OperatorKey, kdfSalt: string, n: number): Promise<Kek> {
    const material = key.material();
    if (material.kind !== 'raw' && material.kind !== 'passphrase') throw new Error(`a ${material.kind} key has no KEK`);
    const kek = material.kind === 'raw' ? material.kek : await this.#derive(material.text, kdfSalt, n);
    return { keyId: keyIdOf(kek), kek };
  }

  async nameOf(key: OperatorKey, kdfSalt: string, n = defaultScryptCost): Promise<string> {
    const material = key.material();
    switch (material.kind) {
      case 'x25519-private':
      case 'x25519-public':
        return recipientIdOf(material.publicKey);
      case 'aws-kms':
        return kmsKeyIdOf(material.keyArn);
      default:
        return (await this.kekOf(key, kdfSalt, n)).keyId;
    }
  }

  #derive(passphrase: string, kdfSalt: string, n: number): Promise<Buffer> {
    const name = JSON.stringify([passphrase.normalize('NFC'), kdfSalt, n]);
    const work = this.#work;
    const known = work.derived.get(name);
    if (known !== undefined) return known;
    const derived = work.turn.then(() => this.#scrypt(passphrase, Buffer.from(kdfSalt, 'hex'), n));
    work.derived.set(name, derived);
    // A failure (no memory left) is this call's alone: the next one tries again.
    work.turn = derived.catch(() => work.derived.delete(name));
    return derived;
  }

  #all(): OperatorKey[] {
    return [...this.#current, ...this.#retired];
  }
}

const slotKinds = {
  raw: 'raw',
  passphrase: 'scrypt',
  'x25519-private': 'x25519',
  'x25519-public': 'x25519',
  'aws-kms': 'aws-kms',
} as const;
