import { archiveError } from './archive-error.js';
import type { PreludeCollection } from './encode.js';
import { NamespaceState, needsNoEntry } from './namespace-state.js';

const buckets = 'system.buckets.';

/** The namespaces of an archive: those of its prelude, and those that may begin without an entry there. */
export class Namespaces {
  readonly all: NamespaceState[] = [];
  readonly #byName = new Map<string, NamespaceState>();
  #open = 0;

  declare(collections: readonly PreludeCollection[], offset: number): void {
    for (const { db, collection, metadata, type } of collections) {
      if (this.#byName.has(keyOf(db, collection))) {
        throw archiveError('corrupt-structure', offset, `${db}.${collection} stands twice in the prelude`);
      }
      this.#add(db, collection, new NamespaceState(this.all.length, db, collection, type, metadata));
    }
  }

  /** The namespace that a block belongs to; begins it when it is one of those without an entry. */
  find(db: string, collection: string, offset: number): NamespaceState {
    const known = this.#byName.get(keyOf(db, collection)) ?? this.#seriesOf(db, collection);
    if (known !== undefined) return known;
    if (!needsNoEntry(db, collection)) {
      throw archiveError('corrupt-structure', offset, `the block of ${db}.${collection} has no entry in the prelude`);
    }
    return this.#add(db, collection, new NamespaceState(this.all.length, db, collection, 'collection', null));
  }

  end(namespace: NamespaceState): void {
    namespace.ended = true;
    this.#open -= 1;
  }

  /** Every namespace of the prelude and every one that began has ended. */
  get allEnded(): boolean {
    return this.#open === 0;
  }

  /** Names of those that have not ended, and of those expected that never began. */
  missing(expected: readonly string[]): string[] {
    const seen = new Set(this.all.map(({ name }) => name));
    return [
      ...this.all.filter(({ ended }) => !ended).map(({ name }) => name),
      ...expected.filter((name) => !seen.has(name)),
    ];
  }

  /** The data of a time series X stands under system.buckets.X before server 8.3. */
  #seriesOf(db: string, collection: string): NamespaceState | undefined {
    if (!collection.startsWith(buckets)) return undefined;
    const series = this.#byName.get(keyOf(db, collection.slice(buckets.length)));
    return series?.type === 'timeseries' ? series : undefined;
  }

  #add(db: string, collection: string, namespace: NamespaceState): NamespaceState {
    this.all.push(namespace);
    this.#byName.set(keyOf(db, collection), namespace);
    this.#open += 1;
    return namespace;
  }
}

function keyOf(db: string, collection: string): string {
  return `${db}\0${collection}`;
}
