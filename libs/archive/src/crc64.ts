/**
 * CRC-64/XZ (reflected polynomial 0xC96C5795D7870F42, initial value and final xor all ones), the checksum of a namespace in a mongodump archive.
 * Slicing-by-8: eight bytes a step, each 64-bit table entry as two 32-bit halves, because BigInt arithmetic is a hundred times slower.
 */
const tableLow: Int32Array[] = [];
const tableHigh: Int32Array[] = [];
buildTables();

export class Crc64 {
  #low = -1;
  #high = -1;

  /** Adds bytes `start` to `end` (exclusive). */
  update(bytes: Uint8Array, start = 0, end = bytes.length): this {
    [this.#low, this.#high] = run(this.#low, this.#high, bytes, start, end);
    return this;
  }

  /** The checksum so far, unsigned; 0 of no bytes. */
  value(): bigint {
    return (BigInt(~this.#high >>> 0) << 32n) | BigInt(~this.#low >>> 0);
  }

  reset(): void {
    this.#low = -1;
    this.#high = -1;
  }
}

/** 16 lower-case hex digits. */
export function crc64Hex(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

function run(startLow: number, startHigh: number, bytes: Uint8Array, start: number, end: number): [number, number] {
  const [l0, l1, l2, l3, l4, l5, l6, l7] = tableLow as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const [h0, h1, h2, h3, h4, h5, h6, h7] = tableHigh as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  let low = startLow;
  let high = startHigh;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const a =
      low ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24));
    const b =
      high ^
      ((bytes[at + 4] as number) |
        ((bytes[at + 5] as number) << 8) |
        ((bytes[at + 6] as number) << 16) |
        ((bytes[at + 7] as number) << 24));
    low =
      (l7[a & 255] as number) ^
      (l6[(a >>> 8) & 255] as number) ^
      (l5[(a >>> 16) & 255] as number) ^
      (l4[a >>> 24] as number) ^
      (l3[b & 255] as number) ^
      (l2[(b >>> 8) & 255] as number) ^
      (l1[(b >>> 16) & 255] as number) ^
      (l0[b >>> 24] as number);
    high =
      (h7[a & 255] as number) ^
      (h6[(a >>> 8) & 255] as number) ^
      (h5[(a >>> 16) & 255] as number) ^
      (h4[a >>> 24] as number) ^
      (h3[b & 255] as number) ^
      (h2[(b >>> 8) & 255] as number) ^
      (h1[(b >>> 16) & 255] as number) ^
      (h0[b >>> 24] as number);
  }
  for (; at < end; at += 1) {
    const index = (low ^ (bytes[at] as number)) & 255;
    low = ((low >>> 8) | (high << 24)) ^ (l0[index] as number);
    high = (high >>> 8) ^ (h0[index] as number);
  }
  return [low, high];
}

function buildTables(): void {
  for (let slice = 0; slice < 8; slice += 1) {
    tableLow.push(new Int32Array(256));
    tableHigh.push(new Int32Array(256));
  }
  const set = (slice: number, byte: number, low: number, high: number) => {
    (tableLow[slice] as Int32Array)[byte] = low;
    (tableHigh[slice] as Int32Array)[byte] = high;
  };
  for (let byte = 0; byte < 256; byte += 1) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const odd = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (odd === 1) {
        low ^= 0xd7870f42;
        high ^= 0xc96c5795;
      }
    }
    set(0, byte, low, high);
  }
  for (let slice = 1; slice < 8; slice += 1) {
    for (let byte = 0; byte < 256; byte += 1) {
      const low = (tableLow[slice - 1] as Int32Array)[byte] as number;
      const high = (tableHigh[slice - 1] as Int32Array)[byte] as number;
      const index = low & 255;
      set(
        slice,
        byte,
        ((low >>> 8) | (high << 24)) ^ ((tableLow[0] as Int32Array)[index] as number),
        (high >>> 8) ^ ((tableHigh[0] as Int32Array)[index] as number),
      );
    }
  }
}
