/**
 * A name with stars, each of which stands for any text. In time that grows with the name and the pattern, never with both: patterns come from people over HTTP, and
 * one of many stars would hold up a process for hours as a regular expression.
 */
export class NameGlob {
  readonly #first: string;
  readonly #between: readonly string[];
  /** Undefined: there is no star. */
  readonly #last: string | undefined;

  /** The literal texts between the stars. */
  constructor(pieces: readonly string[]) {
    this.#first = pieces[0] ?? '';
    this.#between = pieces.slice(1, -1).filter((piece) => piece !== '');
    this.#last = pieces.length > 1 ? pieces.at(-1) : undefined;
  }

  /** Nothing but stars. */
  get isAny(): boolean {
    return this.#first === '' && this.#between.length === 0 && this.#last === '';
  }

  test(name: string): boolean {
    if (this.#last === undefined) return name === this.#first;
    const end = name.length - this.#last.length;
    if (!name.startsWith(this.#first) || !name.endsWith(this.#last)) return false;
    let at = this.#first.length;
    // The first place where a piece fits leaves the most room for the others.
    for (const piece of this.#between) {
      const found = name.indexOf(piece, at);
      if (found === -1) return false;
      at = found + piece.length;
    }
    return at <= end;
  }
}
