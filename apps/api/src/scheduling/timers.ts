/** A timer a name: a later one takes the place of an earlier one. */
export class Timers {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /** Times that have passed need none. */
  set(name: string, afterMs: number, action: () => void): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    if (afterMs > 0) this.#timers.set(name, setTimeout(action, afterMs));
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
