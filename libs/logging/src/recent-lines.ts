const mostLines = 1_000;
const mostBytes = 1024 * 1024;

/** The newest lines that a process wrote, as they were written (without secrets), within bounds. */
export class RecentLines {
  readonly #lines: string[] = [];
  #bytes = 0;

  push(line: string): void {
    this.#lines.push(line);
    this.#bytes += line.length;
    // One line may be as long as all others together: it is kept, alone.
    while (this.#lines.length > mostLines || (this.#bytes > mostBytes && this.#lines.length > 1))
      this.#bytes -= this.#lines.shift()?.length ?? 0;
  }

  /** From the oldest to the newest. */
  all(): readonly string[] {
    return [...this.#lines];
  }
}
