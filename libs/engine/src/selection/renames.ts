import { AppError } from '#contracts';
import type { Rename } from '../engine.js';
import { parsePattern } from './pattern.js';

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

/** Throws `cli/bad-arguments` when two namespaces would get one name, or a rename fits nothing. */
export function checkRenames(renames: readonly Rename[], namespaces: readonly NamespaceName[]): void {
  for (const rename of renames) {
    const { from } = parseRename(rename);
    const used = namespaces.some(
      ({ db, collection }) => from.db === db && (from.collection === undefined || from.collection === collection),
    );
    if (!used) throw bad(`--rename ${rename.from}=${rename.to}: the backup holds nothing selected of that name`);
  }
  const taken = new Map<string, NamespaceName>();
  for (const namespace of namespaces) {
    const { db, collection } = applyRenames(renames, namespace.db, namespace.collection);
    const key = `${db}\0${collection}`;
    const other = taken.get(key);
    if (other !== undefined) {
      throw bad(
        `${other.db}.${other.collection} and ${namespace.db}.${namespace.collection} would both become ${db}.${collection}`,
      );
    }
    taken.set(key, namespace);
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
