import { crc64Module, inputBytes, inputOffset, slices } from './crc64-module.js';

const polynomial = 0xc96c5795d7870f42n;
const allOnes = 0xffff_ffff_ffff_ffffn;

interface CrcExports {
  readonly memory: WebAssembly.Memory;
  readonly crc: (state: bigint, at: number, left: number) => bigint;
}

const { memory, crc } = new WebAssembly.Instance(new WebAssembly.Module(crc64Module()))
  .exports as unknown as CrcExports;
const input = new Uint8Array(memory.buffer, inputOffset, inputBytes);
fillTables(new BigUint64Array(memory.buffer, 0, slices * 256));

/** Running CRC-64/XZ (reflected polynomial 0xC96C5795D7870F42, initial value and final xor all ones), the checksum of a namespace in an archive. */
export class Crc64 {
  #state = allOnes;

  /** Adds bytes `start` to `end` (exclusive). */
  update(bytes: Uint8Array, start = 0, end = bytes.length): this {
    for (let at = start; at < end; at += inputBytes) {
      const length = Math.min(inputBytes, end - at);
      input.set(bytes.subarray(at, at + length));
      this.#state = crc(this.#state, inputOffset, length);
    }
    return this;
  }

  /** The checksum so far, unsigned; 0 of no bytes. */
  value(): bigint {
    return BigInt.asUintN(64, this.#state) ^ allOnes;
  }

  reset(): void {
    this.#state = allOnes;
  }
}

/** 16 lower-case hex digits. */
export function crc64Hex(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

/** `tables[slice][byte]`: what a byte does to the checksum when `slice` more bytes follow it. */
function fillTables(tables: BigUint64Array): void {
  const entry = (index: number): bigint => tables[index] ?? 0n;
  for (let byte = 0; byte < 256; byte += 1) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) value = (value >> 1n) ^ ((value & 1n) === 1n ? polynomial : 0n);
    tables[byte] = value;
  }
  for (let index = 256; index < tables.length; index += 1) {
    const shorter = entry(index - 256);
    tables[index] = (shorter >> 8n) ^ entry(Number(shorter & 255n));
  }
}
