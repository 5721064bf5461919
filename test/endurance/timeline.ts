import { appendFileSync } from 'node:fs';

interface Step {
  readonly line: string;
  readonly about: string | undefined;
}

const shownSteps = 14;

/** What was done and what came of it, in order: a file for people, and the steps that led to a violation. */
export class Timeline {
  readonly #steps: Step[] = [];
  readonly #started = performance.now();

  constructor(readonly path: string) {}

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** `about`: the backup that it was about. */
  note(text: string, about?: string): void {
    const line = `${this.seconds.toFixed(3).padStart(9)} ${new Date().toISOString()} ${text}`;
    this.#steps.push({ line, about });
    appendFileSync(this.path, `${line}\n`);
  }

  /** The last steps about the backup, with the faults of that time; the last steps of all when it is about none. */
  leadingTo(about: string | undefined): string[] {
    const own = this.#steps.filter((step) => about !== undefined && step.about === about);
    if (own.length === 0) return this.#steps.slice(-shownSteps).map(({ line }) => line);
    const first = own.slice(-shownSteps)[0];
    const from = first === undefined ? 0 : this.#steps.indexOf(first);
    const near = this.#steps.slice(Math.max(0, from - 3));
    return near
      .filter((step) => step.about === about || step.line.includes(' fault '))
      .slice(-2 * shownSteps)
      .map(({ line }) => line);
  }
}
