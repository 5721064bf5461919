import { AppError, namespaceKey } from '#contracts';
import type { LoadRequest, Rename } from '../../engine.js';
import { applyRenames, checkRenames, createSelection } from '../../selection/index.js';
import { compare, listNames, nameOf, printable } from './names.js';
import { planCollection, scratchMarker, type EntryKind } from './plan-types.js';

/** A namespace of the archive's prelude. */
export interface ArchivedNamespace {
  readonly db: string;
  readonly collection: string;
  readonly type: EntryKind;
}

export interface NamedEntry<N extends ArchivedNamespace = ArchivedNamespace> {
  readonly source: N;
  readonly db: string;
  readonly collection: string;
  readonly kind: EntryKind;
}

export interface NamePlan<N extends ArchivedNamespace = ArchivedNamespace> {
  /** In order of target names. */
  readonly entries: readonly NamedEntry<N>[];
  /** What is left out, for people. */
  readonly notes: readonly string[];
}

/** Which namespaces of the archive go where. Throws `target/unsupported` and `cli/bad-arguments`; looks at names only. */
export function planNames<N extends ArchivedNamespace>(namespaces: readonly N[], request: LoadRequest): NamePlan<N> {
  checkRenames(request.rename);
  const selection = createSelection(request);
  const skipped = new Map<string, string[]>();
  const chosen: N[] = [];
  for (const source of namespaces) {
    const reason = skipReason(source, request);
    if (reason !== null) {
      skipped.set(reason, [...(skipped.get(reason) ?? []), nameOf(source)]);
    } else if (selection.matches(source.db, source.collection)) {
      refuseEncryptionState(source);
      chosen.push(source);
    }
  }
  refuseEmptySelection(chosen, namespaces.length, request);
  refuseUnusedRenames(request.rename, chosen);
  const entries = chosen.map((source) => ({
    source,
    kind: source.type,
    ...applyRenames(request.rename, source.db, source.collection),
  }));
  refuseClashes(entries);
  entries.sort((a, b) => compare(a.db, b.db) || compare(a.collection, b.collection));
  return { entries, notes: [...skipped].map(([reason, names]) => `${listNames(names)}: ${reason}`) };
}

function skipReason({ db, collection }: ArchivedNamespace, { usersAndRoles }: LoadRequest): string | null {
  if (db === '') return 'not loaded, the oplog is not replayed';
  if (db === 'config' || db === 'local') return `not loaded, the database ${db} belongs to the server`;
  if (collection === planCollection) return 'not loaded, it is the plan of a restore';
  if (collection === scratchMarker) return 'not loaded, it marks a scratch database of Hazina';
  if (/^(\$admin\.)?system\.(users|roles|version)$/.test(collection))
    return usersAndRoles === true
      ? 'merged into the users and roles of the server'
      : 'not loaded, users and roles are not part of a restore of data';
  if (collection.startsWith('system.')) return 'not loaded, it is a collection of the server itself';
  return null;
}

function refuseEncryptionState(source: ArchivedNamespace): void {
  if (!source.collection.startsWith('enxcol_.')) return;
  throw encryptionRefused(nameOf(source));
}

/** Queryable encryption keeps its state in collections that only fit the one server-side collection that they were made for. */
export function encryptionRefused(namespace: string): AppError {
  return new AppError({
    code: 'target/unsupported',
    stage: 'plan',
    message: `${namespace} belongs to queryable encryption, which cannot be loaded by copying documents`,
    hint: `Leave it out with --exclude '${namespace}', and restore it with the official tools`,
  });
}

function refuseEmptySelection(chosen: readonly unknown[], archived: number, request: LoadRequest): void {
  const asked = [...request.databases, ...request.include, ...request.exclude];
  if (chosen.length > 0 || archived === 0 || asked.length === 0) return;
  throw new AppError({
    code: 'cli/bad-arguments',
    stage: 'plan',
    message: `The archive holds nothing that fits the selection (${asked.map((text) => JSON.stringify(text)).join(', ')})`,
    hint: '`hazina inspect` lists the namespaces of a backup',
  });
}

/** A rename that fits nothing is a slip of the pen: the data would go where nobody wants it. */
function refuseUnusedRenames(renames: readonly Rename[], chosen: readonly ArchivedNamespace[]): void {
  for (const rename of renames) {
    const moves = chosen.some(({ db, collection }) => {
      const to = applyRenames([rename], db, collection);
      return to.db !== db || to.collection !== collection || rename.from === rename.to;
    });
    if (!moves) {
      throw new AppError({
        code: 'cli/bad-arguments',
        stage: 'plan',
        message: `--rename ${printable(`${rename.from}=${rename.to}`)}: the archive holds nothing selected of that name`,
        hint: '`hazina inspect` lists the namespaces of a backup',
      });
    }
  }
}

function refuseClashes(entries: readonly NamedEntry[]): void {
  const taken = new Map<string, NamedEntry>();
  for (const entry of entries) {
    const key = namespaceKey(entry);
    const other = taken.get(key);
    if (other) {
      throw new AppError({
        code: 'cli/bad-arguments',
        stage: 'plan',
        message: `${nameOf(other.source)} and ${nameOf(entry.source)} would both become ${nameOf(entry)}`,
        hint: 'Change --rename so that every namespace gets a name of its own, or leave one out with --exclude',
      });
    }
    taken.set(key, entry);
  }
}
