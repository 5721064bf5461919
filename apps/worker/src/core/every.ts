/** Runs an action again and again, `everyMs` after it was begun and never twice at a time. It keeps its own errors to itself. */
export class Every {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    private readonly everyMs: number,
    private readonly action: () => Promise<void>,
  ) {}

  /** Begins at once. */
  start(): void {
    const began = performance.now();
    this.#running = this.action().finally(() => {
      if (this.#stopped) return;
      this.#timer = setTimeout(() => this.start(), Math.max(0, this.everyMs - (performance.now() - began)));
    });
  }

  /** Waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}
