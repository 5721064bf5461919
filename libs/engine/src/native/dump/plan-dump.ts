import { AppError, parsePattern } from '#contracts';
import type { DumpRequest } from '../../engine.js';
import { createSelection, type Selection } from '../../selection/index.js';
import { listNames, printable } from '../load/names.js';
import { scratchMarker } from '../load/plan-types.js';
import { isCatalogue, isScratch, restoreLeftovers } from './hazina-collections.js';
import { listCollections, type ListedCollection } from './list-collections.js';
import type { Look } from './look.js';
import { resolveDatabases } from './resolve-databases.js';
import { serverCode, serverCodes } from './server-code.js';
import { authorizationCollections, isSkippedCollection } from './skip-rules.js';

/** What a dump will hold. */
export interface DumpPlan {
  /** Sorted; without those that are left out as a whole. */
  readonly databases: readonly string[];
  /** By database and name. */
  readonly collections: readonly ListedCollection[];
  /** Of `admin`, in the order in which they are written. */
  readonly authorization: readonly string[];
  readonly warnings: readonly string[];
}

interface Chosen {
  readonly request: DumpRequest;
  readonly selection: Selection;
  readonly named: boolean;
  readonly warnings: string[];
  /** Something was there that the patterns left out. */
  leftOut: boolean;
}

/** Looks at every database that is meant. Throws `source/unknown-database`, `source/unknown-collection`, `source/refused`. */
export async function planDump(look: Look, request: DumpRequest): Promise<DumpPlan> {
  const { names, named } = await resolveDatabases(look, request);
  // Which databases is decided; the patterns are all that is left.
  const selection = createSelection({ ...request, databases: [] });
  const chosen: Chosen = { request, selection, named, warnings: [], leftOut: false };
  const databases: string[] = [];
  const collections: ListedCollection[] = [];
  const authorization: string[] = [];
  for (const name of names) {
    if (!selection.matchesDatabase(name)) {
      chosen.leftOut = true;
      continue;
    }
    const listed = await listChosen(look, name, chosen);
    if (listed === null) continue;
    const wanted = await selectCollections(look, listed, chosen);
    const users = name === 'admin' ? selectAuthorization(listed, selection) : [];
    // `admin` and `config` are there on every server: they count when they hold something to dump.
    if (!named && wanted.length + users.length === 0 && (name === 'admin' || name === 'config')) continue;
    databases.push(name);
    collections.push(...wanted);
    authorization.push(...users);
  }
  refuseUselessPatterns(chosen, collections, authorization);
  if (collections.length + authorization.length === 0) {
    if (chosen.leftOut) throw nothingFits('The patterns leave nothing to back up', 'Check --include and --exclude');
    chosen.warnings.push(emptyWarning(databases));
  }
  if (!named && look.server.isFerretdb && selection.matches('admin', 'system.users'))
    chosen.warnings.push('users and roles are not in the backup: this server keeps them outside of its collections');
  return { databases, collections, authorization, warnings: chosen.warnings };
}

/** The collections of a database; null when the database is left out. */
async function listChosen(look: Look, name: string, { named, warnings }: Chosen): Promise<ListedCollection[] | null> {
  let listed: ListedCollection[];
  try {
    listed = await listCollections(look.connection.db(name), look.session);
  } catch (error) {
    // Users that may read everything else are common; these two are asked for by nobody.
    if (named || !['admin', 'config'].includes(name) || serverCode(error) !== serverCodes.unauthorized) throw error;
    warnings.push(
      `${name} was left out, this user may not read it${name === 'admin' ? ': users and roles are not in the backup' : ''}`,
    );
    return null;
  }
  if (!named && (await isScratch(look, listed))) {
    warnings.push(
      `${printable(name)} was left out: a drill or a scratch restore of Hazina made it, from a backup; name it to back it up`,
    );
    return null;
  }
  if (!(await isCatalogue(look, listed))) return listed;
  const note = `${printable(name)} was left out: it is the catalogue of Hazina, which is rebuilt from the store`;
  if (named)
    throw nothingFits(
      note,
      'Back up the databases of your applications: the backups themselves are found without the catalogue (hazina list)',
    );
  warnings.push(note);
  return null;
}

async function selectCollections(
  look: Look,
  listed: readonly ListedCollection[],
  chosen: Chosen,
): Promise<ListedCollection[]> {
  const leftovers = await restoreLeftovers(look, listed);
  const dumpable = listed.filter(({ db, name }) => !isSkippedCollection(db, name, chosen.named));
  const wanted = dumpable.filter(({ db, name }) => chosen.selection.matches(db, name));
  chosen.leftOut ||= wanted.length < dumpable.length;
  const [planned, others] = parted(wanted, ({ name }) => leftovers.has(name));
  const [marker, kept] = parted(others, ({ name }) => name === scratchMarker);
  const [first] = planned;
  if (first !== undefined) {
    chosen.warnings.push(
      `${printable(first.db)}: a restore is under way or was broken off; its plan and its temporary collections were left out (${listNames(planned.map(({ name }) => printable(name)))})`,
    );
  }
  for (const { db } of marker)
    chosen.warnings.push(`${printable(db)}: the marker of a scratch database was left out (${scratchMarker})`);
  return kept;
}

function parted<T>(all: readonly T[], belongs: (one: T) => boolean): [T[], T[]] {
  return [all.filter(belongs), all.filter((one) => !belongs(one))];
}

function selectAuthorization(listed: readonly ListedCollection[], selection: Selection): string[] {
  return authorizationCollections.filter(
    (wanted) => selection.matches('admin', wanted) && listed.some(({ name }) => name === wanted),
  );
}

/** A pattern that takes nothing is a mistake: what was meant would be missing from the backup. */
function refuseUselessPatterns(
  { request }: Chosen,
  collections: readonly ListedCollection[],
  authorization: readonly string[],
): void {
  const names = [
    ...collections.map(({ db, name }) => ({ db, name })),
    ...authorization.map((name) => ({ db: 'admin', name })),
  ];
  for (const text of request.include) {
    const { database, collection } = parsePattern(text);
    if (names.some(({ db, name }) => database.test(db) && collection.test(name))) continue;
    throw nothingFits(
      `Nothing to back up fits --include ${printable(JSON.stringify(text))}`,
      'Check the name; capital and small letters count, and --exclude wins over --include',
    );
  }
}

function nothingFits(message: string, hint: string): AppError {
  return new AppError({ code: 'source/unknown-collection', stage: 'probe', message, hint });
}

function emptyWarning(databases: readonly string[]): string {
  if (databases.length === 0) return 'empty: the server has no database to back up';
  return `empty: there is no collection to back up in ${listNames(databases.map(printable))}`;
}
