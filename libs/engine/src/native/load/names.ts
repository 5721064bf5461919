// Names for people and for sorting.

/** Databases that a restore writes, in order of names: the order of plans. */
export function databasesOf(entries: readonly { readonly db: string }[]): string[] {
  return [...new Set(entries.map((entry) => entry.db))].sort(compare);
}

/** A namespace for people: control characters in a name must not reach a terminal. */
export function nameOf({ db, collection }: { readonly db: string; readonly collection: string }): string {
  return printable(`${db}.${collection}`);
}

export function printable(text: string): string {
  // Characters that move a cursor or hide text.
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}

const shownNames = 5;

/** The first few of many names. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).join(', ');
  return names.length > shownNames ? `${shown} and ${names.length - shownNames} more` : shown;
}

/** By UTF-16 code unit: the same on every machine, whatever its locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
