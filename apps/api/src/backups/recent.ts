export interface RecentOptions {
  /** An answer is kept for so long at least … */
  readonly leastMs: number;
  /** … and so many times as long as it took (default 10), up to `mostMs`: what costs a server much is asked for more rarely. */
  readonly times?: number;
  readonly mostMs: number;
  readonly monotonicMs: () => number;
}

const usualTimes = 10;

interface Answer<T> {
  readonly answer: Promise<T>;
  /** Infinite while it is looked up. */
  until: number;
}

/** One answer for all who ask within a short time. No question is worked on twice at once, however many ask. What failed is not kept. */
export class Recent<T> {
  readonly #options: RecentOptions;
  readonly #answers = new Map<string, Answer<T>>();

  constructor(options: RecentOptions) {
    this.#options = options;
  }

  get(key: string, look: () => Promise<T>): Promise<T> {
    const began = this.#options.monotonicMs();
    for (const [old, { until }] of this.#answers) if (began >= until) this.#answers.delete(old);
    const found = this.#answers.get(key);
    if (found !== undefined) return found.answer;
    const entry: Answer<T> = { answer: look(), until: Number.POSITIVE_INFINITY };
    this.#answers.set(key, entry);
    entry.answer.then(
      () => (entry.until = began + this.#keptMs(this.#options.monotonicMs() - began)),
      () => this.#answers.delete(key),
    );
    return entry.answer;
  }

  /** It is looked up anew when it is asked for next. */
  forget(key: string): void {
    this.#answers.delete(key);
  }

  #keptMs(tookMs: number): number {
    const { leastMs, mostMs, times = usualTimes } = this.#options;
    return Math.max(leastMs, Math.min(mostMs, tookMs * times));
  }
}
