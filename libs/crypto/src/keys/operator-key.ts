import { inspect } from 'node:util';

export type Material =
  | { readonly kind: 'raw'; readonly kek: Buffer }
  | { readonly kind: 'passphrase'; readonly text: string }
  | { readonly kind: 'x25519-private'; readonly privateKey: Buffer; readonly publicKey: Buffer }
  | { readonly kind: 'x25519-public'; readonly publicKey: Buffer }
  | { readonly kind: 'aws-kms'; readonly keyArn: string };

/** A key as the operator gave it. Prints as redacted; only the key ring looks inside. */
export class OperatorKey {
  readonly #material: Material;

  constructor(material: Material) {
    this.#material = material;
  }

  get kind(): Material['kind'] {
    return this.#material.kind;
  }

  /** A public key only seals: nobody opens anything with it. */
  get opens(): boolean {
    return this.kind !== 'x25519-public';
  }

  /**
   * Whether new files may be sealed with it. A passphrase with line breaks or other control characters inside is more likely two keys, one a line, or a
   * damaged one: it only opens what was sealed with it before.
   */
  get seals(): boolean {
    return this.#material.kind !== 'passphrase' || !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(this.#material.text);
  }

  /** The key material; for the key ring alone. */
  material(): Material {
    return this.#material;
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return `OperatorKey ${this.#material.kind} [redacted]`;
  }
}
