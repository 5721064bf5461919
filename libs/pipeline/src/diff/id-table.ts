import { hash } from 'node:crypto';

const words = 8;
const [contentWord, stateWord] = [4, 7];
const absent = 0;
const [waiting, met] = [1, 2];
/** Of all slots; a fuller table is slow. */
const load = 0.75;

/** Documents that a table of a size holds. */
export function roomOf(bytes: number): number {
  return Math.floor((bytes / (words * 4)) * load);
}

export interface Fingerprint {
  /** SHA-256 of the `_id`. */
  readonly id: Buffer;
  /** SHA-256 of the whole document. */
  readonly content: Buffer;
}

export function fingerprint(id: Buffer, document: Buffer): Fingerprint {
  return { id: hash('sha256', id, 'buffer'), content: hash('sha256', document, 'buffer') };
}

/** Which of `parts` shares of all ids this one belongs to. */
export function partOf({ id }: Fingerprint, parts: number): number {
  return id.readUInt32LE(16) % parts;
}

/**
 * The ids of one side with a hash of each document: 32 bytes each in one array, whatever the ids are. Of the hashes 128 and 96 bits are kept: two that are the
 * same by chance are not to be expected in the life of anybody.
 */
export class IdTable {
  readonly #slots: Uint32Array;
  readonly #mask: number;
  #waiting = 0;

  /** Room for so many documents. */
  constructor(documents: number) {
    const slots = 2 ** Math.max(4, Math.ceil(Math.log2(documents / load + 1)));
    this.#slots = new Uint32Array(slots * words);
    this.#mask = slots - 1;
  }

  /** Ids that the other side has not met yet. */
  get waiting(): number {
    return this.#waiting;
  }

  clear(): void {
    this.#slots.fill(0);
    this.#waiting = 0;
  }

  /** A document of the first side; the later of two with one id counts. */
  add(print: Fingerprint): void {
    const at = this.#find(print.id);
    if (this.#slots[at + stateWord] === absent) {
      for (let word = 0; word < contentWord; word += 1) this.#slots[at + word] = print.id.readUInt32LE(word * 4);
      this.#slots[at + stateWord] = waiting;
      this.#waiting += 1;
      if (this.#waiting > this.#mask) throw new RangeError('the table is full');
    }
    for (let word = contentWord; word < stateWord; word += 1)
      this.#slots[at + word] = print.content.readUInt32LE((word - contentWord) * 4);
  }

  /** A document of the other side. `again`: its id came before. */
  meet(print: Fingerprint): 'added' | 'changed' | 'same' | 'again' {
    const at = this.#find(print.id);
    const state = this.#slots[at + stateWord];
    if (state === absent) return 'added';
    if (state === met) return 'again';
    this.#slots[at + stateWord] = met;
    this.#waiting -= 1;
    for (let word = contentWord; word < stateWord; word += 1)
      if (this.#slots[at + word] !== print.content.readUInt32LE((word - contentWord) * 4)) return 'changed';
    return 'same';
  }

  /** True once for each id that was not met. */
  takeWaiting({ id }: Fingerprint): boolean {
    const at = this.#find(id);
    if (this.#slots[at + stateWord] !== waiting) return false;
    this.#slots[at + stateWord] = met;
    this.#waiting -= 1;
    return true;
  }

  /** The slot of an id, or the free one where it would stand. */
  #find(id: Buffer): number {
    for (let slot = id.readUInt32LE(0) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * words;
      if (this.#slots[at + stateWord] === absent || this.#isAt(at, id)) return at;
    }
  }

  #isAt(at: number, id: Buffer): boolean {
    for (let word = 0; word < contentWord; word += 1)
      if (this.#slots[at + word] !== id.readUInt32LE(word * 4)) return false;
    return true;
  }
}
