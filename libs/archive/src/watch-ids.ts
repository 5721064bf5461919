import { bsonToCanonicalJson } from './extended-json/bson-to-json.js';
import { idOf, type IdPlace } from './id-of.js';
import { IdSet, type IdBudget } from './id-set.js';
import type { NamespaceState } from './namespace-state.js';

/** Ids that are remembered at a time: 8 MB. */
const defaultBudget = 1 << 20;
const mostListed = 5;
const longestId = 80;

/** Documents of one namespace whose `_id` an earlier one has. */
export interface DuplicateIds {
  readonly db: string;
  readonly collection: string;
  /** At least so many. */
  readonly count: number;
  /** The first few, as Extended JSON. */
  readonly ids: readonly string[];
}

interface Watched {
  readonly namespace: NamespaceState;
  readonly seen: IdSet;
  /** Its first six bytes, and the other six. */
  readonly highestObjectId: [number, number];
  highestNumber: number;
  count: number;
  /** Ids of which nothing can be told any more: out of order, and beyond what is remembered. */
  unknown: number;
  readonly ids: string[];
}

/**
 * Looks for ids that stand twice in a collection, as in a dump of a server that is written meanwhile. It remembers a bounded number of ids. Beyond, it still
 * knows that an object id or number above all earlier ones is new; a duplicate among other ids is then found only when its first place was remembered.
 * Numbers inside documents and decimals count as different when their bytes differ, though a server may take them for equal.
 */
export class IdWatch {
  readonly #budget: IdBudget;
  readonly #open = new Map<NamespaceState, Watched>();
  readonly #found: DuplicateIds[] = [];
  #unknown = 0;

  constructor(mostIds: number = defaultBudget) {
    this.#budget = { left: mostIds };
  }

  /** A run of whole documents, as the reader gives them. */
  documents(namespace: NamespaceState, run: Buffer): void {
    // Users, roles and the oplog: not documents of a collection that is restored as it is.
    if (namespace.metadata === null) return;
    const watched = this.#open.get(namespace) ?? this.#watch(namespace);
    for (let at = 0; at + 4 <= run.length;) {
      const end = at + run.readInt32LE(at);
      const place = idOf(run, at, end);
      if (place !== null) this.#look(watched, run, place);
      at = end;
    }
  }

  namespaceEnd(namespace: NamespaceState): void {
    const watched = this.#open.get(namespace);
    if (watched === undefined) return;
    this.#open.delete(namespace);
    watched.seen.release();
    this.#unknown += watched.unknown;
    const { count, ids } = watched;
    const { db, collection } = namespace;
    if (count > 0) this.#found.push({ db, collection, count, ids });
  }

  /** Of the namespaces that have ended. */
  get found(): readonly DuplicateIds[] {
    return this.#found;
  }

  /** Documents that may be duplicates of earlier ones without anybody knowing; 0: all there are were found. */
  get unknown(): number {
    return this.#unknown;
  }

  #watch(namespace: NamespaceState): Watched {
    const watched: Watched = {
      ...{ namespace, seen: new IdSet(this.#budget), highestObjectId: [-1, -1], highestNumber: -Infinity },
      ...{ count: 0, unknown: 0, ids: [] },
    };
    this.#open.set(namespace, watched);
    return watched;
  }

  #look(watched: Watched, run: Buffer, place: IdPlace): void {
    const ascends = isNew(watched, run, place);
    const [high, low] = hashOf(run, place);
    const there = watched.seen.add(high, low);
    if (ascends) return;
    if (there) {
      watched.count += 1;
      if (watched.ids.length < mostListed) watched.ids.push(describe(run, place));
    } else if (watched.seen.full) watched.unknown += 1;
  }
}

/** Above every id of its kind so far. */
function isNew(watched: Watched, run: Buffer, { kind, value }: IdPlace): boolean {
  if (kind === 0x07) {
    const first = run.readUIntBE(value, 6);
    const second = run.readUIntBE(value + 6, 6);
    const [highest, then] = watched.highestObjectId;
    if (first < highest || (first === highest && second <= then)) return false;
    watched.highestObjectId[0] = first;
    watched.highestObjectId[1] = second;
    return true;
  }
  const number = numberOf(run, kind, value);
  if (number === null || !(number > watched.highestNumber)) return false;
  watched.highestNumber = number;
  return true;
}

/** Integers and doubles as one kind, as servers compare them; null for what is none, or too large to be exact. */
function numberOf(run: Buffer, kind: number, value: number): number | null {
  if (kind === 0x10) return run.readInt32LE(value);
  const number = kind === 0x01 ? run.readDoubleLE(value) : kind === 0x12 ? Number(run.readBigInt64LE(value)) : null;
  return number === null || Math.abs(number) > Number.MAX_SAFE_INTEGER ? null : number;
}

const scratch = Buffer.alloc(8);

function hashOf(run: Buffer, { kind, value, end }: IdPlace): [number, number] {
  const number = numberOf(run, kind, value);
  if (number === null) return hashBytes(run, value, end, kind);
  // Minus zero is zero.
  scratch.writeDoubleLE(number === 0 ? 0 : number);
  return hashBytes(scratch, 0, 8, 0x01);
}

function hashBytes(bytes: Buffer, from: number, to: number, seed: number): [number, number] {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    a = Math.imul(a ^ byte, 2654435761);
    b = Math.imul(b ^ byte, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [a >>> 0, b >>> 0];
}

function describe(run: Buffer, { start, end }: IdPlace): string {
  const document = Buffer.alloc(4 + (end - start) + 1);
  document.writeInt32LE(document.length);
  run.copy(document, 4, start, end);
  let text: string;
  try {
    text = bsonToCanonicalJson(document)
      .replace(/^\{\s*"_id"\s*:\s*/, '')
      .replace(/\s*\}$/, '');
  } catch {
    text = 'an _id that is no valid BSON';
  }
  return text.length > longestId ? `${text.slice(0, longestId)}…` : text;
}
