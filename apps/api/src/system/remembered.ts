/** An answer that is asked for more often than it changes: kept for a while, and one question at a time. It may not throw. */
export class Remembered<T> {
  #known: { readonly value: T; readonly until: number } | undefined;
  #asking: Promise<T> | undefined;

  constructor(
    private readonly milliseconds: number,
    private readonly ask: () => Promise<T>,
  ) {}

  async get(): Promise<T> {
    if (this.#known !== undefined && performance.now() < this.#known.until) return this.#known.value;
    this.#asking ??= this.#askAgain();
    return this.#asking;
  }

  async #askAgain(): Promise<T> {
    try {
      const value = await this.ask();
      this.#known = { value, until: performance.now() + this.milliseconds };
      return value;
    } finally {
      this.#asking = undefined;
    }
  }
}
