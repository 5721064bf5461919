import { AppError } from '../app-error.js';
import { NameGlob } from './name-glob.js';

/** A namespace pattern as mongorestore's: `db.collection`, `*` for any text, `\` before a character that is meant literally; a bare `db` is `db.*`. */
export interface Pattern {
  readonly text: string;
  readonly database: NameGlob;
  readonly collection: NameGlob;
  /** Name of the database, when it holds no `*`. */
  readonly plainDatabase: string | undefined;
  /** Name of the collection, when it holds no `*`. */
  readonly plainCollection: string | undefined;
}

/** Throws `cli/bad-arguments` where `whyNoPattern` has a reason. The database ends at the first dot that is not escaped. */
export function parsePattern(text: string): Pattern {
  const why = whyNoPattern(text);
  if (why !== undefined) throw badPattern(text, why);
  const { database, collection } = splitNamespace(text);
  return {
    text,
    database: toGlob(database),
    collection: toGlob(collection ?? '*'),
    plainDatabase: plain(database),
    plainCollection: collection === undefined ? undefined : plain(collection),
  };
}

/** In words; undefined: it is one. */
export function whyNoPattern(text: string): string | undefined {
  const { database, collection } = splitNamespace(text);
  if (database === '' || collection === '') return 'a name is empty';
  return /(^|[^\\])(\\\\)*\\$/.test(text) ? 'it ends with a single \\' : undefined;
}

/** A name as a part of a pattern: nothing in it means anything else. */
export function literalName(name: string): string {
  return name.replace(/[\\.*]/g, '\\$&');
}

/** The pattern that means this namespace and no other. */
export function patternOf({ db, collection }: { readonly db: string; readonly collection: string }): string {
  return `${literalName(db)}.${literalName(collection)}`;
}

function splitNamespace(text: string): { database: string; collection: string | undefined } {
  for (let at = 0; at < text.length; at += 1) {
    if (text.charAt(at) === '\\') at += 1;
    else if (text.charAt(at) === '.') return { database: text.slice(0, at), collection: text.slice(at + 1) };
  }
  return { database: text, collection: undefined };
}

function toGlob(part: string): NameGlob {
  const pieces = [''];
  for (let at = 0; at < part.length; at += 1) {
    let character = part.charAt(at);
    if (character === '*') {
      pieces.push('');
      continue;
    }
    if (character === '\\') {
      at += 1;
      character = part.charAt(at);
    }
    pieces.push((pieces.pop() ?? '') + character);
  }
  return new NameGlob(pieces);
}

function plain(part: string): string | undefined {
  if (/(^|[^\\])(\\\\)*\*/.test(part)) return undefined;
  return part.replaceAll(/\\(.)/gs, '$1');
}

function badPattern(text: string, why: string): AppError {
  return new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message: `${JSON.stringify(text)} is no namespace pattern: ${why}`,
    hint: 'Write it like clinic.visits, clinic.* or clinic; a dot, star or backslash that belongs to a name has a \\ before it',
  });
}
