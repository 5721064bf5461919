interface Made<T> {
  readonly parts: readonly unknown[];
  readonly value: T;
}

/** What is made of one look at the catalogue, under a name: made again only of other parts. It goes when the look does. */
export class MadeOnce<T> {
  readonly #made = new WeakMap<object, Map<string, Made<T>>>();

  of(look: object, name: string, parts: readonly unknown[], make: () => T): T {
    const ofLook = this.#made.get(look) ?? new Map<string, Made<T>>();
    this.#made.set(look, ofLook);
    const found = ofLook.get(name);
    if (found !== undefined && parts.every((part, index) => part === found.parts[index])) return found.value;
    const value = make();
    ofLook.set(name, { parts, value });
    return value;
  }
}
