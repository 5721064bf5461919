import { watchCalls } from './replace-calls.js';

interface Waiting {
  readonly actor: string;
  readonly go: () => void;
}

/**
 * Lets the calls of several actors through one at a time, in an order that a seed decides: which of those that wait is next. An actor whose call was let through goes on
 * until that call is over, or until it waits for another one; meanwhile nobody else moves.
 */
export class Turns {
  #waiting: Waiting[] = [];
  readonly #ended = new Set<string>();
  readonly #moves = new Map<string, number>();
  #over = false;
  #wake: () => void = () => undefined;

  constructor(private readonly random: () => number) {}

  /** An object whose calls of these methods wait for their turn. */
  of<T extends object>(actor: string, target: T, names: readonly (keyof T & string)[]): T {
    return watchCalls(target, names, {
      before: () => this.turn(actor),
      after: () => {
        this.#moved(actor);
        return Promise.resolve();
      },
    });
  }

  /** Waits for a turn of the actor's own. */
  async turn(actor: string): Promise<void> {
    if (this.#over) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ actor, go: resolve });
      this.#moved(actor);
    });
  }

  /** Runs all to their end. The errors that they ended with, by actor. */
  async play(actors: Readonly<Record<string, () => Promise<unknown>>>): Promise<Record<string, unknown>> {
    const errors: Record<string, unknown> = {};
    const runs = Object.entries(actors).map(async ([actor, run]) => {
      await this.turn(actor);
      try {
        await run();
      } catch (error) {
        errors[actor] = error;
      } finally {
        this.#ended.add(actor);
        this.#moved(actor);
      }
    });
    const all = Promise.all(runs).then(() => this.#end());
    while (!this.#over) await this.#next(Object.keys(actors));
    await all;
    return errors;
  }

  async #next(actors: readonly string[]): Promise<void> {
    if (this.#waiting.length === 0) {
      await this.#move();
      return;
    }
    const at = Math.floor(this.random() * this.#waiting.length);
    const [next] = this.#waiting.splice(at, 1);
    if (next === undefined) return;
    const before = this.#moves.get(next.actor) ?? 0;
    next.go();
    const hasMoved = (): boolean =>
      this.#over || this.#ended.has(next.actor) || (this.#moves.get(next.actor) ?? 0) > before;
    while (!hasMoved()) await this.#move();
    // What the call led to comes before the next choice.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (actors.every((actor) => this.#ended.has(actor))) await this.#move();
  }

  /** Resolves at the next thing that any actor does. */
  #move(): Promise<void> {
    if (this.#over) return Promise.resolve();
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #moved(actor: string): void {
    this.#moves.set(actor, (this.#moves.get(actor) ?? 0) + 1);
    this.#wake();
  }

  /** From here on nobody waits: what is left over of an actor that has ended (a look, a stream that was let go) ends too. */
  #end(): void {
    this.#over = true;
    for (const { go } of this.#waiting.splice(0)) go();
    this.#wake();
  }
}
