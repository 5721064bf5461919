import type { StoreConfig } from '#config';
import { AppError, primaryStore, type BackupRecord } from '#contracts';
import { backupFolder, backupJsonKey, requireStore } from '#pipeline';
import type { ObjectStore } from '#storage';
import { requireDestinationQuota } from '../cleanup/require-quota.js';
import type { WorkerParts } from '../core/worker-core.js';
import { withinTime } from '../core/within-time.js';
import { destinationsOf, requireDestination } from './destination.js';
import type { Destination } from './destination-types.js';

/** A store that backups stand in. */
export interface Place {
  /** `primary`, or the name of a destination. */
  readonly name: string;
  readonly store: ObjectStore;
  /** Of its keys; none in a directory. */
  readonly prefix: string;
  /** Its identity, as the catalogue knows it. */
  readonly identity: () => Promise<string>;
  /** Throws when it does not answer, or is not the store that it was. */
  readonly require: (signal: AbortSignal) => Promise<unknown>;
}

export function primaryPlace({ store, storeId, config }: WorkerParts): Place {
  return {
    ...{ name: primaryStore, store, prefix: prefixOf(config.store) },
    identity: () => Promise.resolve(storeId),
    require: (signal) => requireStore(store, storeId, signal),
  };
}

export function placeAt(parts: WorkerParts, destination: Destination): Place {
  const { name, store } = destination;
  return {
    ...{ name, store, prefix: prefixOf(destination.options) },
    identity: async () => (await parts.catalog.settings.destinationStoreId(name)) ?? '',
    require: (signal) => requireDestination(parts, destination, signal),
  };
}

/** Where the backup of a record stands, or is being written to. */
export function placeOf(parts: WorkerParts, { backupId, place }: Pick<BackupRecord, 'backupId' | 'place'>): Place {
  if (place === null) return primaryPlace(parts);
  const destination = parts.destinations.find(({ name }) => name === place);
  if (destination !== undefined) return placeAt(parts, destination);
  throw new AppError({
    ...{ code: 'store/unreachable', stage: 'store', retry: 'retry' },
    message: `${backupId} was written to the destination ${place}, which this worker does not know`,
    hint: 'Give all processes the same BACKUP_TARGETS_FILE, with this destination in it',
  });
}

/**
 * Where a backup is written that has no commit yet: the primary store, or while that is away the nearest destination of the target that answers. Throws the primary
 * store's error when there is none; worth another try as long as a destination may answer then.
 */
export async function choosePlace(parts: WorkerParts, record: BackupRecord, signal: AbortSignal): Promise<Place> {
  const primary = primaryPlace(parts);
  // What restores replace is not copied, nor does it go elsewhere.
  const others = record.trigger === 'safety' ? [] : destinationsOf(parts, record.target);
  const ms = parts.tuning.probeTimeoutMs;
  if (others.length === 0) {
    await primary.require(signal);
    return primary;
  }
  try {
    await inTime(primary, ms, signal);
    return primary;
  } catch (thrown) {
    const error = AppError.from(thrown, 'store');
    if (signal.aborted) throw error;
    let mayAnswer = false;
    for (const destination of others) {
      const place = placeAt(parts, destination);
      try {
        await inTime(place, ms, signal);
        await withinTime(place.store.location, ms, signal, (limit) => requireFree(place, record, limit));
        const wanted = { backupId: record.backupId, target: record.target, bytes: null, storedBytes: 0 };
        await requireDestinationQuota(parts, destination, wanted);
      } catch (trouble) {
        mayAnswer ||= AppError.from(trouble, 'store').retry === 'retry';
        parts.log.failure('destination not used', trouble, 'store', { destination: place.name });
        continue;
      }
      parts.log.failure('primary store away', error, 'store', { backupId: record.backupId, writtenTo: place.name });
      return place;
    }
    throw mayAnswer ? worthAnotherTry(error) : error;
  }
}

/**
 * Another installation that copies to the same place may have a backup of this id, for that of a scheduled one is made of target and slot. A backup that stands there
 * is never this run's, whose commit (1) would be in the record; nor is anything that lies in its folder, unless the record says that it wrote there.
 */
async function requireFree(
  { name, store }: Place,
  { backupId, place }: BackupRecord,
  signal: AbortSignal,
): Promise<void> {
  const isTaken =
    place === name
      ? (await store.head(backupJsonKey(backupId), signal)) !== null
      : await holdsAny(store, backupId, signal);
  if (!isTaken) return;
  throw new AppError({
    ...{ code: 'store/exists', stage: 'store' },
    message: `In ${store.location} something stands in the folder of ${backupId} that this run has not written: it is left alone`,
    hint: 'Do two installations copy to the same place? Give each a bucket or a prefix of its own',
  });
}

/** Whether something lies in the folder of a backup, open uploads included. */
export async function holdsAny(store: ObjectStore, backupId: string, signal: AbortSignal): Promise<boolean> {
  const folder = backupFolder(backupId);
  for await (const entry of store.list(folder, signal)) return entry.key.startsWith(folder);
  for await (const upload of store.listUploads(folder, signal)) return upload.key.startsWith(folder);
  return false;
}

function worthAnotherTry({ code, stage, message, hint, details }: AppError): AppError {
  const next = 'The backup is tried again by itself; hazina destinations list tells the state of each place';
  return new AppError({ code, stage, message, details, retry: 'retry', hint: hint ?? next });
}

/** A place that hangs is like one that is away. */
export function inTime(place: Pick<Place, 'store' | 'require'>, ms: number, signal: AbortSignal): Promise<unknown> {
  return withinTime(place.store.location, ms, signal, (limit) => place.require(limit));
}

function prefixOf(store: StoreConfig): string {
  return store.kind === 's3' ? store.prefix : '';
}
