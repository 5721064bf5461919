const most = 10_000;

/** Who was seen where by this process lately: asked about once, and bounded. */
export class RecentPairs {
  #newer = new Set<string>();
  #older = new Set<string>();

  isNew(pair: string): boolean {
    if (this.#newer.has(pair)) return false;
    const isNew = !this.#older.has(pair);
    this.#newer.add(pair);
    if (this.#newer.size >= most / 2) {
      this.#older = this.#newer;
      this.#newer = new Set();
    }
    return isNew;
  }
}
