/** What a small batch begins with. */
const smallest = 4 << 10;

/** Buffers for batches, used again and again: what is left to V8, it collects late. */
export class BatchBuffers {
  private readonly free: Buffer[] = [];
  private freeBytes = 0;

  constructor(
    /** Of a full batch; only a single larger document takes more. */
    private readonly fullBytes: number,
    /** Memory of buffers that are kept while nobody uses them. */
    private readonly keptBytes: number,
  ) {}

  /** A buffer with room for so many bytes, and for more where more will come; its bytes are whatever was there. */
  take(bytes: number): Buffer {
    const wanted = this.capacityFor(bytes);
    const at = this.free.findIndex(({ length }) => length >= wanted);
    const [found] = wanted < this.fullBytes || at < 0 ? [] : this.free.splice(at, 1);
    if (found === undefined) return Buffer.allocUnsafeSlow(wanted);
    this.freeBytes -= found.length;
    return found;
  }

  /** Nobody looks at it any more. */
  release(buffer: Buffer): void {
    if (buffer.length < this.fullBytes || this.freeBytes + buffer.length > this.keptBytes) return;
    this.free.push(buffer);
    // The smallest that is large enough is the one to take.
    this.free.sort((a, b) => a.length - b.length);
    this.freeBytes += buffer.length;
  }

  /** Doubles while a batch is small, for hundreds may be open at once. */
  private capacityFor(bytes: number): number {
    if (bytes > this.fullBytes) return bytes;
    let capacity = smallest;
    while (capacity < bytes) capacity *= 2;
    return capacity > this.fullBytes / 2 ? this.fullBytes : capacity;
  }
}
