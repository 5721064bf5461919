import type { LoadRequest } from '../../engine.js';
import type { NamedEntry } from './name-plan.js';
import { databasesOf, listNames, nameOf } from './names.js';
import { occupantKey, type TargetState } from './target-state.js';

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
