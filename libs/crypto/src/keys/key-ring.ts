import { keyIdOf, scryptKey } from '../derive.js';
import type { OperatorKey } from './operator-key.js';
import { defaultScryptCost } from './scrypt-cost.js';

/** A key-encryption key and its name. */
export interface Kek {
  readonly keyId: string;
  readonly kek: Buffer;
}

/**
 * Our keys. `current` seal and open, `retired` only open. scrypt runs once per (passphrase, kdfSalt, n) and process, and never twice at the same time: each
 * run takes up to 256 MiB, and headers, which nobody has authenticated yet, say how many there are.
 */
export class KeyRing {
  readonly #scrypt: typeof scryptKey;
  readonly #current: readonly OperatorKey[];
  readonly #retired: readonly OperatorKey[];
  /** What scrypt gave, and the run that is last in line; rings of the same keys share it. */
  #work: { readonly derived: Map<string, Promise<Buffer>>; turn: Promise<unknown> } = {
    derived: new Map(),
    turn: Promise.resolve(),
  };

  constructor(
    keys: { readonly current: readonly OperatorKey[]; readonly retired: readonly OperatorKey[] },
    scrypt = scryptKey,
  ) {
    this.#scrypt = scrypt;
    this.#current = keys.current;
    this.#retired = keys.retired;
  }

  /** Keys that new files are sealed with. */
  get current(): readonly OperatorKey[] {
    return this.#current;
  }

  get holdsPassphrase(): boolean {
    return this.#all().some(({ kind }) => kind === 'passphrase');
  }

  /** Names of all our keys in a store with this salt (32 hex digits). */
  async keyIds(kdfSalt: string): Promise<{ keyId: string; kind: 'raw' | 'scrypt' }[]> {
    return Promise.all(
      this.#all().map(async (key) => {
        const { keyId } = await this.kekOf(key, kdfSalt, defaultScryptCost);
        return { keyId, kind: key.kind === 'raw' ? ('raw' as const) : ('scrypt' as const) };
      }),
    );
  }

  /** Names of the current keys: the slots of a file that is sealed now. `n` is the cost of passphrases. */
  async currentKeyIds(kdfSalt: string, n = defaultScryptCost): Promise<string[]> {
    return Promise.all(this.#current.map(async (key) => (await this.kekOf(key, kdfSalt, n)).keyId));
  }

  /** The same keys without the retired ones: what opens with it needs no old key. */
  currentOnly(): KeyRing {
    const ring = new KeyRing({ current: this.#current, retired: [] }, this.#scrypt);
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

  async kekOf(key: OperatorKey, kdfSalt: string, n: number): Promise<Kek> {
    const material = key.material();
    const kek = material.kind === 'raw' ? material.kek : await this.#derive(material.text, kdfSalt, n);
    return { keyId: keyIdOf(kek), kek };
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
