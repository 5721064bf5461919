import { inspect } from 'node:util';

type Material = { readonly kind: 'raw'; readonly kek: Buffer } | { readonly kind: 'passphrase'; readonly text: string };

/** A key as the operator gave it. Prints as redacted; only the key ring looks inside. */
export class OperatorKey {
  readonly #material: Material;

  constructor(material: Material) {
    this.#material = material;
  }

  get kind(): Material['kind'] {
    return this.#material.kind;
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
