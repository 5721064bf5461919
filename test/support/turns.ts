import { replaceCalls } from './replace-calls.js';

/** Longer than any call takes. */
const stuckMs = 15_000;

interface Waiting {
  readonly actor: string;
  /** The call, for messages. */
  readonly what: string;
  readonly go: () => void;
}

/**
 * Lets the calls of several actors through one at a time, in an order that a seed decides: which of those that wait is next. An actor whose call was let through goes on
 * until that call is over, or until it waits for another one; meanwhile nobody else moves.
 */
export class Turns {
  readonly #waiting: Waiting[] = [];
  readonly #ended = new Set<string>();
  readonly #moves = new Map<string, number>();
  readonly #from = new Map<string, number>();
  #turns = 0;
  #over = false;
  #last: readonly string[] = [];
  #wake: () => void = () => undefined;

  constructor(private readonly random: () => number) {}

  /** An object whose calls of these methods wait for their turn. */
  of<T extends object>(actor: string, target: T, names: readonly (keyof T & string)[]): T {
    const calls: Partial<Record<string, unknown>> = {};
    for (const name of names) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') throw new Error(`${name} is no method`);
      calls[name] = async (...args: unknown[]): Promise<unknown> => {
        await this.#wait(actor, name);
        try {
          return await (Reflect.apply(method, target, args) as Promise<unknown>);
        } finally {
          this.#moved(actor);
        }
      };
    }
    return replaceCalls(target, calls as Partial<T>);
  }

  /** A turn in which nothing is called. */
  async turn(actor: string): Promise<void> {
    await this.#wait(actor, 'a step');
    this.#moved(actor);
  }

  /** Runs all to their end, each from a turn on. The errors that they ended with, by actor. */
  async play(
    actors: Readonly<Record<string, () => Promise<unknown>>>,
    from: (actor: string) => number = () => 0,
  ): Promise<Record<string, unknown>> {
    const errors: Record<string, unknown> = {};
    for (const actor of Object.keys(actors)) this.#from.set(actor, from(actor));
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

  async #wait(actor: string, what: string): Promise<void> {
    if (this.#over) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ actor, what, go: resolve });
      this.#moved(actor);
    });
  }

  /** Actors that come later wait until so many turns were had, or until nobody else is there. */
  #choose(): Waiting {
    this.#turns += 1;
    const here = this.#waiting.filter(({ actor }) => (this.#from.get(actor) ?? 0) <= this.#turns);
    const from = here.length > 0 ? here : this.#waiting;
    const next = from[Math.floor(this.random() * from.length)];
    if (next === undefined) throw new Error('nobody waits');
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    return next;
  }

  async #next(actors: readonly string[]): Promise<void> {
    if (this.#waiting.length === 0) {
      await this.#move();
      return;
    }
    const next = this.#choose();
    const before = this.#moves.get(next.actor) ?? 0;
    this.#last = [...this.#last.slice(-9), `${next.actor}: ${next.what}`];
    next.go();
    // An upload goes on with the pieces of its stream, each of which waits for a turn itself, perhaps since before.
    const isFed = (): boolean => next.what === 'put' && this.#waiting.some(({ actor }) => actor === next.actor);
    const hasMoved = (): boolean =>
      this.#over || this.#ended.has(next.actor) || (this.#moves.get(next.actor) ?? 0) > before || isFed();
    while (!hasMoved()) await this.#move();
    // What the call led to comes before the next choice.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (actors.every((actor) => this.#ended.has(actor))) await this.#move();
  }

  /** Resolves at the next thing that any actor does. */
  #move(): Promise<void> {
    if (this.#over) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.map(({ actor, what }) => `${actor}: ${what}`).join(', ');
      const state = `waiting: ${waiting}; ended: ${[...this.#ended].join(', ')}; last turns: ${this.#last.join(', ')}`;
      const stuck = setTimeout(() => reject(new Error(`nobody moves any more (${state})`)), stuckMs);
      this.#wake = () => {
        clearTimeout(stuck);
        resolve();
      };
    });
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
