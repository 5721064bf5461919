import { Crc64 } from './crc64.js';
import { encodeNamespaceHeader, encodePrelude, terminator, type Prelude } from './encode.js';

interface OpenNamespace {
  readonly db: string;
  readonly collection: string;
  readonly crc: Crc64;
  begun: boolean;
}

const buckets = 'system.buckets.';

/**
 * Writes an archive piece by piece: keeps the open block and the running checksum of each namespace. Namespaces may take turns; a change of namespace ends one
 * block and begins the next. Pieces given to `emit` are the caller's own buffers: they must not change until the consumer is done with them.
 */
export class ArchiveWriter {
  readonly #emit: (chunk: Buffer) => void;
  readonly #open = new Map<string, OpenNamespace>();
  readonly #ended = new Set<string>();
  #expected: Prelude['collections'] = [];
  #block: OpenNamespace | undefined;

  constructor(emit: (chunk: Buffer) => void) {
    this.#emit = emit;
  }

  prelude(prelude: Prelude): void {
    this.#expected = prelude.collections;
    this.#emit(encodePrelude(prelude));
  }

  /** One or more whole BSON documents of a namespace. */
  documents(db: string, collection: string, run: Buffer): void {
    const namespace = this.#namespace(db, collection);
    this.#enter(namespace);
    namespace.crc.update(run);
    this.#emit(run);
  }

  /** The end block; before it an empty data block if no document came, as mongodump writes it: it makes a restore create the collection. */
  endNamespace(db: string, collection: string): void {
    const namespace = this.#namespace(db, collection);
    if (!namespace.begun) this.#enter(namespace);
    this.#leave();
    this.#emit(encodeNamespaceHeader({ db, collection, eof: true, crc: namespace.crc.value() }));
    this.#emit(terminator);
    this.#open.delete(keyOf(db, collection));
    this.#ended.add(keyOf(db, collection));
  }

  /** Throws when a namespace of the prelude, or one that began, has not ended: an archive must not look whole when it is not. */
  finish(): void {
    const missing = this.#expected.filter(({ db, collection, type }) => {
      if (this.#ended.has(keyOf(db, collection))) return false;
      return !(type === 'timeseries' && this.#ended.has(keyOf(db, `${buckets}${collection}`)));
    });
    if (this.#open.size === 0 && missing.length === 0) return;
    const [first] = [...this.#open.values(), ...missing];
    throw new Error(`the archive was finished, but ${first?.db ?? ''}.${first?.collection ?? ''} has not ended`);
  }

  #namespace(db: string, collection: string): OpenNamespace {
    const key = keyOf(db, collection);
    if (this.#ended.has(key)) throw new Error(`${db}.${collection} has ended already`);
    let namespace = this.#open.get(key);
    if (namespace === undefined) {
      namespace = { db, collection, crc: new Crc64(), begun: false };
      this.#open.set(key, namespace);
    }
    return namespace;
  }

  #enter(namespace: OpenNamespace): void {
    if (this.#block === namespace) return;
    this.#leave();
    this.#emit(encodeNamespaceHeader({ db: namespace.db, collection: namespace.collection, eof: false, crc: 0n }));
    namespace.begun = true;
    this.#block = namespace;
  }

  #leave(): void {
    if (this.#block !== undefined) this.#emit(terminator);
    this.#block = undefined;
  }
}

function keyOf(db: string, collection: string): string {
  return `${db}\0${collection}`;
}
