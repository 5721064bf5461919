import { AppError, saysDamaged } from '#contracts';
import { requireStore } from '#pipeline';
import type { ObjectStore } from '#storage';
import { within } from '../core/within.js';
import type { WorkerParts } from '../core/worker-core.js';
import { destinationsOf, requireDestination } from '../replicas/destination.js';

/** A store that a backup can be read from. */
export interface RestoreSource {
  /** `primary`, or the name of a destination. */
  readonly name: string;
  readonly store: ObjectStore;
  /** Throws when it does not answer, or is not the store that it was. */
  readonly require: (signal: AbortSignal) => Promise<void>;
}

/** The primary store, then the destinations of the backup's target, the nearest first. */
export async function restoreSources(parts: WorkerParts, backupId: string): Promise<readonly RestoreSource[]> {
  const { store, storeId, tuning } = parts;
  const record = await parts.catalog.backups.find(backupId);
  const destinations = record === null ? [] : destinationsOf(parts, record.target);
  const require = async (signal: AbortSignal): Promise<void> => {
    await requireStore(store, storeId, signal);
  };
  const primary = { name: 'primary', store, require };
  // Without another place to look there is nothing to hurry to.
  if (destinations.length === 0) return [primary];
  return [
    primary,
    ...destinations.map((destination) => ({
      name: destination.name,
      store: destination.store,
      require: (signal: AbortSignal) => requireDestination(parts, destination, signal),
    })),
  ].map((source) => ({ ...source, require: (signal) => inTime(source, tuning.probeTimeoutMs, signal) }));
}

/** A place that hangs is like one that is away. */
async function inTime(source: RestoreSource, ms: number, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  const asked = source.require(limit);
  if (await within(ms, asked)) return asked;
  asked.catch(() => undefined);
  throw new AppError({
    ...{ code: 'store/unreachable', stage: 'store', retry: 'retry' },
    message: `${source.store.location} gave no answer within ${ms / 1000} s`,
    hint: 'Is the store running, and may this machine connect to it? hazina storage check tells; the next place that has the backup is tried',
  });
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

/** Another store may do better: this one is away, is not what it was, or what lies in it is gone or damaged. */
function isOfTheStore(error: unknown): error is AppError {
  if (!(error instanceof AppError)) return false;
  const { code } = error;
  return code.startsWith('store/') || code === 'backup/not-found' || code === 'backup/missing' || saysDamaged(code);
}
