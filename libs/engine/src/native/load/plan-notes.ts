import type { ArchiveContents, LoadRequest } from '../../engine.js';
import type { NamedEntry } from './name-plan.js';
import { databasesOf, listNames, nameOf } from './names.js';
import type { ArchivedCollection } from './plan-entries.js';
import { occupantKey, type TargetState } from './target-state.js';

/** What becomes of the oplog of an archive, as far as anybody knows of it. */
export function oplogNotes({ oplog }: ArchiveContents, request: LoadRequest): string[] {
  if (request.oplogReplay === true) {
    const what = oplog === undefined ? 'the oplog is' : `the ${oplog} oplog entries are`;
    return [`${what} replayed on what was loaded, before a name changes: all collections are of one moment then`];
  }
  return isSelective(request) ? [] : notReplayed(oplog ?? 0);
}

/** A part of an archive has no oplog: it is of the whole. Of a real run, too, this is worth a warning. */
export function oplogWarnings({ oplog }: ArchiveContents, request: LoadRequest): string[] {
  if (oplog === undefined || oplog === 0 || !isSelective(request)) return [];
  return [
    'only a part is restored, on which the oplog of the backup cannot be replayed: each collection is as it was when it was read',
  ];
}

/** What becomes of users and roles, when they are asked for. */
export function authorizationNotes({ usersAndRoles: held }: ArchiveContents, request: LoadRequest): string[] {
  if (request.usersAndRoles !== true) return [];
  const which = request.databases.length === 0 ? '' : ` of ${listNames(request.databases)}`;
  const number = held === undefined || which !== '' ? '' : `${held} `;
  return [
    `${number}users and roles${which} are merged into those of the server when everything is loaded: who is there under the same name is replaced, password included; nobody is removed. This is not undone when the restore fails later`,
  ];
}

export function notReplayed(entries: number): string[] {
  if (entries === 0) return [];
  return [`the oplog of ${entries} entries is not replayed: each collection is as it was when it was read`];
}

function isSelective({ databases, include, exclude }: LoadRequest): boolean {
  return databases.length + include.length + exclude.length > 0;
}

/** What is special about this restore, for people. */
export function planNotes(
  entries: readonly NamedEntry[],
  request: LoadRequest,
  state: TargetState,
  filled: ReadonlySet<NamedEntry>,
  others: ReadonlyMap<string, readonly string[]>,
): string[] {
  const notes: string[] = [];
  const collections = entries.filter((entry) => entry.kind === 'collection').length;
  if (collections > 1) {
    notes.push(
      `each of the ${collections} collections takes its name in one step, but not all of them in the same: for a moment readers see some of them only`,
    );
  }
  const views = entries.filter((entry) => entry.kind === 'view').length;
  if (views > 0) notes.push('views are created after all collections have their names');
  const series = entries.filter((entry) => entry.kind === 'timeseries');
  if (series.length > 0)
    notes.push(`time series cannot be renamed and are filled last, in their place: ${listNames(series.map(nameOf))}`);
  const copied = [...filled].filter((entry) => entry.kind === 'collection').map(nameOf);
  if (copied.length > 0)
    notes.push(`the server does not rename to these names, they are filled last, in their place: ${listNames(copied)}`);
  if (request.mode === 'into-empty') return notes;
  const dropped = entries.filter((entry) => {
    const occupant = state.get(occupantKey(entry.db, entry.collection));
    return occupant?.kind === 'timeseries' || (occupant?.kind === 'collection' && filled.has(entry));
  });
  if (dropped.length > 0) notes.push(`dropped just before they are made anew: ${listNames(dropped.map(nameOf))}`);
  for (const db of databasesOf(entries)) {
    const kept = others.get(db) ?? [];
    if (kept.length > 0)
      notes.push(
        `left alone, because the archive does not hold them: ${listNames(kept.map((collection) => nameOf({ db, collection })))}`,
      );
  }
  return notes;
}

/** mongodump leaves the text empty when a collection is dropped while it is dumped (facts: archive-format 1.2). */
export function withoutMetadata(entries: readonly NamedEntry<ArchivedCollection>[]): string[] {
  const bare = entries.filter(({ source }) => source.metadata === null || source.metadata === '').map(nameOf);
  return bare.length === 0 ? [] : [`the archive says nothing of the options and indexes of ${listNames(bare)}`];
}
