import { isConflict, isDuplicateKey, translateCatalogError, unavailable } from './translate-error.js';

/** Every call to the server passes here: it ends in time, and its errors are ours. */
export class Guard {
  readonly #deadlineMs: number;

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  /** Throws `catalog/unavailable` (also when the deadline passed: then nobody knows whether a write took place) or `catalog/refused`. */
  async run<T>(work: () => Promise<T>, deadlineMs = this.#deadlineMs): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unavailable(`it did not answer within ${deadlineMs / 1000} s`)), deadlineMs);
    });
    const working = againOnConflict(work);
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

const mostConflicts = 10;

async function againOnConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === mostConflicts || !isConflict(error)) throw error;
    }
  }
}
