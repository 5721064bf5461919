import type { NamespaceState } from './namespace-state.js';

/** A moment of a replica set. */
export interface OplogMoment {
  readonly t: number;
  readonly i: number;
}

const timestamp = 0x11;
const nothing = new Set([0x06, 0x0a, 0x7f, 0xff]);
const fixed: Readonly<Record<number, number>> = {
  ...{ 0x01: 8, 0x07: 12, 0x08: 1, 0x09: 8, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16 },
};

/** Looks at the oplog of an archive as it passes: of what time its last entry is. That is the moment that a restore which replays it arrives at. */
export class OplogWatch {
  #entries = 0;
  #last: OplogMoment | null = null;

  /** A run of whole documents, as the reader gives them. */
  documents({ db, collection }: Pick<NamespaceState, 'db' | 'collection'>, run: Buffer, count: number): void {
    if (db !== '' || collection !== 'oplog') return;
    this.#entries += count;
    let at = 0;
    for (let next = run.readInt32LE(at); at + next < run.length; next = run.readInt32LE(at)) at += next;
    this.#last = timeOf(run, at) ?? this.#last;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Null: there was no entry, or none with a time. */
  get last(): OplogMoment | null {
    return this.#last;
  }
}

/** The field `ts` of the document that begins at `from`; null when it has none. */
function timeOf(bytes: Buffer, from: number): OplogMoment | null {
  const end = from + bytes.readInt32LE(from) - 1;
  for (let at = from + 4; at < end;) {
    const type = bytes[at] ?? 0;
    const name = bytes.indexOf(0, at + 1);
    const value = name + 1;
    if (name < 0) return null;
    const length = lengthOf(bytes, type, value, end);
    if (length === null) return null;
    if (type === timestamp && bytes.toString('latin1', at + 1, name) === 'ts')
      return { t: bytes.readUInt32LE(value + 4), i: bytes.readUInt32LE(value) };
    at = value + length;
  }
  return null;
}

function lengthOf(bytes: Buffer, type: number, value: number, end: number): number | null {
  const size = nothing.has(type) ? 0 : fixed[type];
  if (size !== undefined) return value + size <= end ? size : null;
  if (value + 4 > end) return null;
  const length = bytes.readInt32LE(value);
  if (length < 0) return null;
  if (type === 0x02 || type === 0x0d || type === 0x0e) return 4 + length;
  if (type === 0x03 || type === 0x04) return length;
  return type === 0x05 ? 5 + length : null;
}
