/** What mongorestore says on stderr, line by line, as far as it counts (mongo-tools 100.x). */
export class RestoreLog {
  /** Documents by namespace of the target, as it says that it has finished it. */
  readonly finished = new Map<string, { readonly documents: number; readonly failures: number }>();
  /** Its last word. */
  total: { readonly restored: number; readonly failed: number } | undefined;
  /** All documents are written, and it waits for the server to build indexes: that takes long and is silent. */
  buildsIndexes = false;
  /** Grows with every line that it has not said lately: a progress bar that stands still is no progress. */
  news = 0;
  readonly #lately = new Set<string>();

  take(line: string): void {
    const text = line.replace(/^\d{4}-\d\d-\d\dT\S+\s/, '');
    this.#notice(text);
    const finished = /^finished restoring (.+) \((\d+) documents?, (\d+) failures?\)$/s.exec(text);
    if (finished !== null) {
      const [, name = '', documents, failures] = finished;
      this.finished.set(unquoted(name), { documents: Number(documents), failures: Number(failures) });
    }
    if (text.startsWith('restoring indexes for collection ')) this.buildsIndexes = true;
    const total = /^(\d+) document\(s\) restored successfully\. (\d+) document\(s\) failed to restore\.$/.exec(text);
    if (total !== null) this.total = { restored: Number(total[1]), failed: Number(total[2]) };
  }

  #notice(text: string): void {
    if (this.#lately.has(text)) return;
    this.news += 1;
    this.#lately.add(text);
    for (const oldest of this.#lately) {
      if (this.#lately.size <= lines) break;
      this.#lately.delete(oldest);
    }
  }
}

const lines = 256;

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** A name as Go's `%#q` writes it: in backquotes, or where that cannot be in double quotes with escapes. Older versions wrote it as it is. */
function unquoted(text: string): string {
  if (/^`.*`$/s.test(text)) return text.slice(1, -1);
  if (!/^".*"$/s.test(text)) return text;
  return text
    .slice(1, -1)
    .replaceAll(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/gs, (_all, x, u, long, letter: string) => {
      const code = [x, u, long].find((digits): digits is string => typeof digits === 'string');
      return code === undefined ? (escapes[letter] ?? letter) : String.fromCodePoint(Number.parseInt(code, 16));
    });
}
