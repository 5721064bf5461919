/**
 * Walks a JSON text without building objects: order, doubled and integer-like field names and `__proto__` stay as they stand, which JavaScript objects would not keep.
 * Strings come out decoded; everything else as its raw text.
 */
export class JsonScanner {
  at = 0;

  constructor(readonly text: string) {}

  /** The next character that is no white space; empty at the end. */
  peek(): string {
    while (' \t\n\r'.includes(this.text.charAt(this.at)) && this.at < this.text.length) this.at += 1;
    return this.text.charAt(this.at);
  }

  expect(character: string): void {
    if (this.peek() !== character) throw this.error(`expected ${character}`);
    this.at += 1;
  }

  /** Calls `field` with each name; it must consume the value. */
  object(field: (name: string) => void): void {
    this.expect('{');
    if (this.peek() === '}') {
      this.at += 1;
      return;
    }
    for (;;) {
      const name = this.string();
      this.expect(':');
      field(name);
      if (this.peek() !== ',') break;
      this.at += 1;
    }
    this.expect('}');
  }

  array(item: () => void): void {
    this.expect('[');
    if (this.peek() === ']') {
      this.at += 1;
      return;
    }
    for (;;) {
      item();
      if (this.peek() !== ',') break;
      this.at += 1;
    }
    this.expect(']');
  }

  string(): string {
    if (this.peek() !== '"') throw this.error('expected a text');
    const start = this.at;
    for (let at = start + 1; at < this.text.length; at += 1) {
      const character = this.text.charAt(at);
      if (character === '\\') at += 1;
      else if (character === '"') {
        this.at = at + 1;
        return JSON.parse(this.text.slice(start, this.at)) as string;
      }
    }
    throw this.error('a text has no end');
  }

  /** A number, true, false or null, as it stands. */
  literal(): string {
    this.peek();
    const [word = ''] = /^[-+.0-9A-Za-z]+/.exec(this.text.slice(this.at, this.at + 400)) ?? [];
    if (!/^(-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?|true|false|null)$/.test(word)) throw this.error('expected a value');
    this.at += word.length;
    return word;
  }

  /** Passes over a value of any kind and returns its raw text. */
  skip(depth = 0): string {
    if (depth > 200) throw this.error('nested too deeply');
    const next = this.peek();
    const start = this.at;
    if (next === '{') this.object(() => void this.skip(depth + 1));
    else if (next === '[') this.array(() => void this.skip(depth + 1));
    else if (next === '"') this.string();
    else this.literal();
    return this.text.slice(start, this.at);
  }

  end(): void {
    if (this.peek() !== '') throw this.error('something follows the end');
  }

  error(what: string): Error {
    return new Error(`${what} at character ${this.at}`);
  }
}
