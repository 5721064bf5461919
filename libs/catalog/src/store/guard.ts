import type { Random } from '#contracts';
import { againOnConflict } from './again-on-conflict.js';
import { isDuplicateKey, translateCatalogError, unavailable } from './translate-error.js';

/** What reads many records to add them up may take so long, whatever other calls may: it is asked for beside requests, and given up it would be asked for again and again. */
const leastSumsMs = 20_000;

/** Every call to the server passes here: it ends in time, and its errors are ours. */
export class Guard {
  readonly deadlineMs: number;
  readonly sumsDeadlineMs: number;
  readonly #random: Random;

  constructor(deadlineMs: number, random: Random) {
    this.deadlineMs = deadlineMs;
    this.sumsDeadlineMs = Math.max(deadlineMs, leastSumsMs);
    this.#random = random;
  }

  /** Throws `catalog/unavailable` (also when the deadline passed: then nobody knows whether a write took place) or `catalog/refused`. */
  async run<T>(work: () => Promise<T>, deadlineMs = this.deadlineMs): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isOver = true;
        reject(unavailable(`it did not answer within ${deadlineMs / 1000} s`));
      }, deadlineMs);
    });
    const working = againOnConflict(work, { random: this.#random, isOver: () => isOver });
    // Whatever becomes of it after the deadline was already reported.
    working.catch(() => undefined);
    try {
      return await Promise.race([working, late]);
    } catch (error) {
      throw translateCatalogError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The same; null instead of an error when a unique index refused the write. */
  async unlessTaken<T>(work: () => Promise<T>): Promise<T | null> {
    return this.run(async () => {
      try {
        return await work();
      } catch (error) {
        if (isDuplicateKey(error)) return null;
        throw error;
      }
    });
  }
}
