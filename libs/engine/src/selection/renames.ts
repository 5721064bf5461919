import { AppError, parsePattern } from '#contracts';
import type { Rename } from '../engine.js';

export interface NamespaceName {
  readonly db: string;
  readonly collection: string;
}

interface ParsedRename {
  readonly from: { readonly db: string; readonly collection: string | undefined };
  readonly to: { readonly db: string; readonly collection: string | undefined };
}

/** `A=C` renames a database, `A.b=C.d` a collection, which goes before its database. */
export function applyRenames(renames: readonly Rename[], db: string, collection: string): NamespaceName {
  const parsed = renames.map(parseRename);
  const exact = parsed.find(({ from }) => from.db === db && from.collection === collection);
  if (exact !== undefined) return { db: exact.to.db, collection: exact.to.collection ?? collection };
  const whole = parsed.find(({ from }) => from.db === db && from.collection === undefined);
  return { db: whole?.to.db ?? db, collection };
}

/** Throws `cli/bad-arguments` for a rename of a wrong form, or a second one of the same name. */
export function checkRenames(renames: readonly Rename[]): void {
  const seen = new Set<string>();
  for (const rename of renames) {
    const from = JSON.stringify(parseRename(rename).from);
    if (seen.has(from)) throw bad(`--rename ${rename.from}=${rename.to}: ${rename.from} is renamed twice`);
    seen.add(from);
  }
}

function parseRename({ from, to }: Rename): ParsedRename {
  const parse = (text: string) => {
    const pattern = parsePattern(text);
    const bare = !/(^|[^\\])\./.test(text.replaceAll('\\\\', ''));
    if (pattern.plainDatabase === undefined || (!bare && pattern.plainCollection === undefined))
      throw bad(`--rename ${from}=${to}: a name to rename holds no *`);
    return { db: pattern.plainDatabase, collection: bare ? undefined : pattern.plainCollection };
  };
  const parsed = { from: parse(from), to: parse(to) };
  if ((parsed.from.collection === undefined) !== (parsed.to.collection === undefined)) {
    throw bad(`--rename ${from}=${to}: both sides are databases, or both are collections`);
  }
  return parsed;
}

function bad(message: string): AppError {
  return new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message,
    hint: 'hazina inspect shows what a backup holds; write --rename clinic=clinic_copy',
  });
}
