import { AppError, saysDamaged } from '#contracts';
import { isCold } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';
import { inTime, placeAt, placeOf, primaryPlace, type Place } from '../replicas/backup-place.js';
import { destinationsOf } from '../replicas/destination.js';

/** A store that a backup can be read from. `mayBeCold`: its data need not be there at once, for they are only planned with. */
export type RestoreSource = Pick<Place, 'name' | 'store' | 'require'> & { readonly mayBeCold?: true };

/**
 * The primary store, then the destinations of the backup's target, the nearest first; before them all the place that it was written to while the primary store was
 * away. One that was taken out of the configuration since is left out: another may have it by now. Throws where there is no other.
 */
export async function restoreSources(parts: WorkerParts, backupId: string): Promise<readonly RestoreSource[]> {
  const record = await parts.catalog.backups.find(backupId);
  const destinations = record === null ? [] : destinationsOf(parts, record.target).map((one) => placeAt(parts, one));
  const primary = primaryPlace(parts);
  // Without another place to look there is nothing to hurry to.
  if (record === null || (destinations.length === 0 && record.place === null)) return [primary];
  const isKnown = record.place === null || parts.destinations.some(({ name }) => name === record.place);
  const first = isKnown || destinations.length === 0 ? placeOf(parts, record) : primary;
  const rest = [primary, ...destinations].filter(({ name }) => name !== first.name);
  return [first, ...rest].map((place) => ({
    ...{ name: place.name, store: place.store },
    require: (signal) => inTime(place, parts.tuning.probeTimeoutMs, signal),
  }));
}

interface Reading<T> {
  readonly signal: AbortSignal;
  /** Told when a source was given up for the next one. */
  readonly onNext: (text: string) => void;
  /** `keep`: called when it is too late for another source. */
  read(source: RestoreSource, keep: () => void): Promise<T>;
}

/** Reads from the first source that has what is asked for; throws the first one's error when none has. */
export async function fromNearest<T>(sources: readonly RestoreSource[], reading: Reading<T>): Promise<T> {
  let first: unknown;
  const kept = new AbortController();
  for (const [at, source] of sources.entries()) {
    try {
      return await reading.read(source, () => kept.abort());
    } catch (error) {
      if (at === 0) first = error;
      const next = sources[at + 1];
      if (kept.signal.aborted || reading.signal.aborted || !isOfTheStore(error)) throw error;
      if (next === undefined) break;
      reading.onNext(`not read from ${source.name} (${error.message}), but from ${next.name}`);
    }
  }
  throw first;
}

/** As `fromNearest`, for a dry run: where no source gives the data and they lie cold in one of them, it is read from that as far as it goes. */
export async function fromNearestOrCold<T>(sources: readonly RestoreSource[], reading: Reading<T>): Promise<T> {
  const cold: RestoreSource[] = [];
  try {
    return await fromNearest(sources, {
      ...reading,
      read: async (source, keep) => {
        try {
          return await reading.read(source, keep);
        } catch (error) {
          if (isCold(error)) cold.push(source);
          throw error;
        }
      },
    });
  } catch (error) {
    const [first] = cold;
    if (first === undefined || reading.signal.aborted || !isOfTheStore(error)) throw error;
    if (sources.length > 1) reading.onNext(`no place gives the data now: planned from ${first.name}`);
    return fromNearest(
      cold.map((source) => ({ ...source, mayBeCold: true as const })),
      reading,
    );
  }
}

/** Another store may do better: this one is away, is not what it was, or what lies in it is gone or damaged. */
function isOfTheStore(error: unknown): error is AppError {
  if (!(error instanceof AppError)) return false;
  const { code } = error;
  return code.startsWith('store/') || code === 'backup/not-found' || code === 'backup/missing' || saysDamaged(code);
}
