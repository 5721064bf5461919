/** A door that a test opens: what waits for it goes on then, and not before. */
export class Gate {
  readonly #opened = Promise.withResolvers<undefined>();
  #waiting = 0;

  /** How many have come to the gate so far. */
  get arrivals(): number {
    return this.#waiting;
  }

  open(): void {
    this.#opened.resolve(undefined);
  }

  /** Resolves when the gate is open; rejects with the signal's reason when that comes first. */
  async pass(signal?: AbortSignal): Promise<void> {
    this.#waiting += 1;
    if (signal === undefined) {
      await this.#opened.promise;
      return;
    }
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#opened.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
