const firstSlots = 1 << 10;
/** Of its slots: a set of this kind gets slow beyond. */
const fullAt = 0.7;

/** How many ids all sets together may hold; each takes 8 bytes, and up to three times as much while a set grows. */
export interface IdBudget {
  left: number;
}

/** Which ids were seen, as hashes of 64 bits: two different ones pass for equal about once in 10^13 looks at a full set. */
export class IdSet {
  #high = new Uint32Array(firstSlots);
  #low = new Uint32Array(firstSlots);
  #size = 0;
  /** No more ids are taken: it only knows those that came before. */
  full = false;

  constructor(private readonly budget: IdBudget) {}

  /** True: it was there. */
  add(high: number, low: number): boolean {
    // Two zeros mean an empty slot.
    const first = high === 0 && low === 0 ? 1 : high;
    let at = this.#find(first, low);
    if (this.#low[at] !== 0 || this.#high[at] !== 0) return true;
    if (this.full) return false;
    if (this.budget.left === 0) {
      this.full = true;
      return false;
    }
    if (this.#size + 1 > this.#high.length * fullAt) {
      this.#grow();
      at = this.#find(first, low);
    }
    this.#high[at] = first;
    this.#low[at] = low;
    this.#size += 1;
    this.budget.left -= 1;
    return false;
  }

  /** Its namespace has ended: others may hold as many more. */
  release(): void {
    this.budget.left += this.#size;
    this.#size = 0;
    this.#high = new Uint32Array(1);
    this.#low = new Uint32Array(1);
    this.full = true;
  }

  #find(high: number, low: number): number {
    const mask = this.#high.length - 1;
    let at = (high ^ low) & mask;
    while (!((this.#high[at] === high && this.#low[at] === low) || (this.#high[at] === 0 && this.#low[at] === 0)))
      at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const [high, low] = [this.#high, this.#low];
    this.#high = new Uint32Array(2 * high.length);
    this.#low = new Uint32Array(2 * low.length);
    for (let at = 0; at < high.length; at += 1) {
      const [a = 0, b = 0] = [high[at], low[at]];
      if (a === 0 && b === 0) continue;
      const to = this.#find(a, b);
      this.#high[to] = a;
      this.#low[to] = b;
    }
  }
}
