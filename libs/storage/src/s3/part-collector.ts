/** Collects chunks into parts of one size, in buffers that are used again. */
export class PartCollector {
  readonly #free: Buffer[] = [];
  #part: Buffer;
  #filled = 0;

  constructor(private readonly partSize: number) {
    this.#part = Buffer.allocUnsafeSlow(partSize);
  }

  /** Takes of a chunk what fits; returns how much that was. */
  take(chunk: Buffer, from: number): number {
    const copied = chunk.copy(this.#part, this.#filled, from);
    this.#filled += copied;
    return copied;
  }

  get isFull(): boolean {
    return this.#filled === this.partSize;
  }

  /** The part so far; the next one begins in another buffer. Give the part back with `release` when it was sent. */
  cut(): Buffer {
    const part = this.#part.subarray(0, this.#filled);
    this.#part = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.partSize);
    this.#filled = 0;
    return part;
  }

  release(part: Buffer): void {
    this.#free.push(Buffer.from(part.buffer, 0, this.partSize));
  }
}
