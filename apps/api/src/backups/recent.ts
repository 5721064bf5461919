/**
 * One answer for all who ask within a short time: it began to be looked up at most `forMs` before they asked, or they wait for the one that is under way.
 * So no question is worked on twice at once, however many ask. What failed is not kept.
 */
export class Recent<T> {
  readonly #answers = new Map<string, { readonly began: number; readonly answer: Promise<T>; pending: boolean }>();

  constructor(
    private readonly forMs: number,
    private readonly monotonicMs: () => number,
  ) {}

  get(key: string, look: () => Promise<T>): Promise<T> {
    const now = this.monotonicMs();
    for (const [old, { began, pending }] of this.#answers)
      if (!pending && now - began >= this.forMs) this.#answers.delete(old);
    const found = this.#answers.get(key);
    if (found !== undefined) return found.answer;
    const entry = { began: now, answer: look(), pending: true };
    this.#answers.set(key, entry);
    entry.answer.then(
      () => (entry.pending = false),
      () => this.#answers.delete(key),
    );
    return entry.answer;
  }
}
