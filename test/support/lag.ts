const everyMs = 50;
const keptMs = 60_000;

/** How late timers of this process fire: how far behind the machine is. */
export class Lag {
  readonly #seen: { readonly at: number; readonly lateMs: number }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    let due = performance.now() + everyMs;
    this.#timer = setInterval(() => {
      const at = performance.now();
      this.#seen.push({ at, lateMs: Math.max(0, at - due) });
      while ((this.#seen[0]?.at ?? at) < at - keptMs) this.#seen.shift();
      due = at + everyMs;
    }, everyMs);
  }

  /** The longest delay since then. */
  since(at: number): number {
    return Math.max(0, ...this.#seen.filter((seen) => seen.at >= at).map(({ lateMs }) => lateMs));
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
