export interface RecentOptions {
  /** An answer is kept for so long at least … */
  readonly leastMs: number;
  /** … and so many times as long as it took (default 10), up to `mostMs`: what costs a server much is asked for more rarely. */
  readonly times?: number;
  readonly mostMs: number;
  /**
   * After this share of its time, earlier where it took long (default 1: never), an answer is looked up anew beside, while those who ask still get the one that is there:
   * nobody waits for what is asked for all the time. No answer is given out for longer than it is kept.
   */
  readonly renewedAfter?: number;
  readonly monotonicMs: () => number;
}

const usualTimes = 10;
/** The next look may take so many times as long as the last, and nobody waits for it. */
const slower = 1.5;

interface Answer<T> {
  readonly answer: Promise<T>;
  /** Infinite while it is looked up. */
  until: number;
  renewFrom: number;
  /** What follows it, while that is looked up. */
  next: Answer<T> | undefined;
}

/** One answer for all who ask within a short time. No question is worked on twice at once, however many ask. What failed is not kept. */
export class Recent<T> {
  readonly #options: RecentOptions;
  readonly #answers = new Map<string, Answer<T>>();

  constructor(options: RecentOptions) {
    this.#options = options;
  }

  get(key: string, look: () => Promise<T>): Promise<T> {
    const now = this.#options.monotonicMs();
    this.#forgetOld(now);
    const found = this.#answers.get(key);
    if (found === undefined) {
      const first = this.#begin(key, look);
      this.#answers.set(key, first);
      return first.answer;
    }
    if (now >= found.renewFrom) found.next ??= this.#begin(key, look, found);
    return found.answer;
  }

  /** It is looked up anew when it is asked for next. */
  forget(key: string): void {
    this.#answers.delete(key);
  }

  /** What has had its time gives way to what is looked up already. */
  #forgetOld(now: number): void {
    for (const [key, { until, next }] of this.#answers) {
      if (now < until) continue;
      if (next === undefined) this.#answers.delete(key);
      else this.#answers.set(key, next);
    }
  }

  #begin(key: string, look: () => Promise<T>, before?: Answer<T>): Answer<T> {
    const began = this.#options.monotonicMs();
    const never = Number.POSITIVE_INFINITY;
    const entry: Answer<T> = { answer: look(), until: never, renewFrom: never, next: undefined };
    entry.answer.then(
      () => {
        const tookMs = this.#options.monotonicMs() - began;
        const keptMs = this.#keptMs(tookMs);
        entry.until = began + keptMs;
        const { renewedAfter = 1 } = this.#options;
        if (renewedAfter < 1) entry.renewFrom = entry.until - Math.max(keptMs * (1 - renewedAfter), tookMs * slower);
        if (before !== undefined && this.#answers.get(key) === before) this.#answers.set(key, entry);
      },
      () => {
        if (before !== undefined) before.next = undefined;
        if (this.#answers.get(key) === entry) this.#answers.delete(key);
      },
    );
    return entry;
  }

  #keptMs(tookMs: number): number {
    const { leastMs, mostMs, times = usualTimes } = this.#options;
    return Math.max(leastMs, Math.min(mostMs, tookMs * times));
  }
}
