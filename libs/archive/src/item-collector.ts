/** Collects one item (a BSON document, a terminator) whose bytes come in pieces. Starts small: a length is known only after four bytes. */
export class ItemCollector {
  #buffer = Buffer.allocUnsafe(4096);
  #started = false;
  /** Offset of the item's first byte in the archive. */
  start = 0;
  filled = 0;

  get started(): boolean {
    return this.#started;
  }

  begin(start: number): void {
    this.start = start;
    this.filled = 0;
    this.#started = true;
  }

  clear(): void {
    this.#started = false;
    this.filled = 0;
  }

  /** Takes bytes until `wanted` are there; returns where the rest of the piece begins. */
  fill(chunk: Buffer, from: number, wanted: number): number {
    if (this.filled >= wanted) return from;
    if (wanted > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(wanted);
      this.#buffer.copy(larger, 0, 0, this.filled);
      this.#buffer = larger;
    }
    const copied = chunk.copy(this.#buffer, this.filled, from, from + wanted - this.filled);
    this.filled += copied;
    return from + copied;
  }

  length(): number {
    return this.#buffer.readInt32LE(0);
  }

  bytes(): Buffer {
    return this.#buffer;
  }

  /** The collected bytes; valid until the next item begins. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.filled);
    this.clear();
    return bytes;
  }
}
