import { AppError, namespaceKey } from '#contracts';
import { authorizationPart } from '../native/authorization/authorization-part.js';
import { isCapped } from '../native/load/collection-spec.js';
import { printable } from '../native/load/names.js';
import type { ArchivedNamespace, NamedEntry } from '../native/load/name-plan.js';
import type { RestoredEntry } from './restored-entries.js';

/** What is restored beside the collections. */
export interface RestoreExtras {
  readonly oplogReplay?: boolean;
  /** Of the whole server. */
  readonly usersAndRoles?: boolean;
}

/** The kernel's limit for all arguments is 2 MB with a stack of 8 MB. */
const most = 1_000_000;

/**
 * Arguments that make mongorestore load exactly these namespaces of an archive, under exactly these names. Its own patterns are not used: their `*` also
 * matches a dot, and its list of renames knows no precedence but the last one's. Throws `engine/unsupported` for what it cannot be told.
 */
export function restoreArguments(
  archived: readonly ArchivedNamespace[],
  entries: readonly RestoredEntry[],
  { oplogReplay, usersAndRoles }: RestoreExtras = {},
): string[] {
  // More than one inserter mixes up the order, which is all that a capped collection has.
  const ordered = entries.some(({ spec }) => isCapped(spec));
  const named = [...selection(archived, entries, usersAndRoles === true), ...renames(entries)];
  if (oplogReplay === true && named.length > 0)
    throw cannot('it replays an oplog only where all of an archive is restored under its own names');
  const args = [
    ...(ordered ? ['--maintainInsertionOrder'] : ['--numInsertionWorkersPerCollection=4']),
    ...named,
    ...(oplogReplay === true ? ['--oplogReplay'] : []),
  ];
  const length = args.reduce((sum, arg) => sum + Buffer.byteLength(arg) + 1, 0);
  if (length > most) throw cannot(`its command line has no room for ${entries.length} names`);
  return args;
}

function selection(
  archived: readonly ArchivedNamespace[],
  entries: readonly NamedEntry[],
  withUsers: boolean,
): string[] {
  const chosen = new Set(entries.map(({ source }) => namespaceKey(source)));
  // The oplog, and users and roles of a single database, it leaves out by itself.
  const all = archived.filter(({ db, collection }) => db !== '' && !collection.startsWith('$'));
  // What is not left out of them, it merges by itself.
  if (withUsers) for (const one of all) if (authorizationPart(one) !== null) chosen.add(namespaceKey(one));
  const leftOut = all.filter((namespace) => !chosen.has(namespaceKey(namespace)));
  if (leftOut.length === 0) return [];
  const include = namesOf(
    all.filter((namespace) => chosen.has(namespaceKey(namespace))),
    all,
  );
  const exclude = namesOf(leftOut, all);
  const ways = [
    // Without an include it would take everything.
    ...(include.length > 0 ? [include.map((name) => `--nsInclude=${name}`)] : []),
    exclude.map((name) => `--nsExclude=${name}`),
  ];
  const [way] = ways.filter((args) => !args.some(isUntellable)).sort((a, b) => a.length - b.length);
  if (way === undefined) throw cannot('names with a $ cannot be chosen');
  return way;
}

/** As its patterns: a whole database in one. */
function namesOf(wanted: readonly ArchivedNamespace[], all: readonly ArchivedNamespace[]): string[] {
  const sizes = Map.groupBy(all, ({ db }) => db);
  return [...Map.groupBy(wanted, ({ db }) => db)].flatMap(([db, namespaces]) =>
    namespaces.length === sizes.get(db)?.length
      ? [`${escape(db)}.*`]
      : namespaces.map(({ collection }) => `${escape(db)}.${escape(collection)}`),
  );
}

/** The last one that fits counts: databases first, then the collections that go elsewhere. */
function renames(entries: readonly NamedEntry[]): string[] {
  const databases: [string, string][] = [];
  const collections: [string, string][] = [];
  for (const [db, group] of Map.groupBy(entries, ({ source }) => source.db)) {
    const to = commonTarget(group) ?? db;
    if (to !== db) databases.push([`${escape(db)}.*`, `${escape(to)}.*`]);
    for (const { source, db: targetDb, collection } of group) {
      if (targetDb === to && collection === source.collection) continue;
      // The data of a time series stands under another name, by which it is renamed too.
      for (const prefix of source.type === 'timeseries' ? ['', 'system.buckets.'] : [''])
        collections.push([
          `${escape(db)}.${escape(prefix + source.collection)}`,
          `${escape(targetDb)}.${escape(prefix + collection)}`,
        ]);
    }
  }
  const args = [...databases, ...collections].flatMap(([from, to]) => [`--nsFrom=${from}`, `--nsTo=${to}`]);
  const bad = args.find(isUntellable);
  if (bad !== undefined) throw cannot(`a name with a $ cannot be renamed: ${printable(bad)}`);
  return args;
}

/** Where most of a database goes that keeps its collections' names. */
function commonTarget(group: readonly NamedEntry[]): string | undefined {
  const kept = group.filter(({ source, collection }) => collection === source.collection);
  const byTarget = [...Map.groupBy(kept, ({ db }) => db)];
  return byTarget.sort(([, a], [, b]) => b.length - a.length)[0]?.[0];
}

function escape(name: string): string {
  return name.replaceAll('\\', '\\\\').replaceAll('*', '\\*');
}

/** A $ begins a variable there, and no argument holds a zero byte. */
function isUntellable(arg: string): boolean {
  return /[$\0]/.test(arg);
}

function cannot(reason: string): AppError {
  return new AppError({
    code: 'engine/unsupported',
    stage: 'plan',
    message: `mongorestore cannot do this: ${reason}`,
    hint: 'Use the native engine (the default)',
  });
}
