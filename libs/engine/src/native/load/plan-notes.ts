import type { LoadRequest } from '../../engine.js';
import { databasesOf, listNames, nameOf, type NamedEntry } from './name-plan.js';
import { occupantKey, type TargetState } from './target-state.js';

/** What is special about this restore, for people. */
export function planNotes(
  entries: readonly NamedEntry[],
  request: LoadRequest,
  state: TargetState,
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
  if (request.mode === 'into-empty') return notes;
  const dropped = series.filter((entry) => state.get(occupantKey(entry.db, entry.collection))?.kind === 'timeseries');
  if (dropped.length > 0)
    notes.push(`dropped just before they are filled anew: the time series ${listNames(dropped.map(nameOf))}`);
  for (const db of databasesOf(entries)) {
    const kept = others.get(db) ?? [];
    if (kept.length > 0)
      notes.push(
        `left alone, because the archive does not hold them: ${listNames(kept.map((collection) => nameOf({ db, collection })))}`,
      );
  }
  return notes;
}
