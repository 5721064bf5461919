const most = 10_000;
/** What was asked about so long ago is asked again: places are forgotten when nobody says that they are still used. */
const lastsMs = 86_400_000;

/** Who was seen where by this process lately: asked about once, and bounded. */
export class RecentPairs {
  #newer = new Map<string, number>();
  #older = new Map<string, number>();

  constructor(private readonly monotonicMs: () => number) {}

  isNew(pair: string): boolean {
    const now = this.monotonicMs();
    const since = this.#newer.get(pair) ?? this.#older.get(pair);
    const isNew = since === undefined || now - since >= lastsMs;
    if (this.#newer.has(pair) && !isNew) return false;
    this.#newer.set(pair, isNew ? now : since);
    if (this.#newer.size >= most / 2) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    return isNew;
  }

  forget(pair: string): void {
    this.#newer.delete(pair);
    this.#older.delete(pair);
  }
}
