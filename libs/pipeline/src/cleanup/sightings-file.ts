import { AppError, parseJson, sightings as sightingsSchema, type Sightings } from '#contracts';
import { removeOrHide, type ObjectStore } from '#storage';
import type { Sighting } from '../deps.js';
import { sightingsKey } from '../objects/keys.js';

const mostBytes = 16 * 1024 * 1024;

/** The sweeper's memory in the bucket. One that is gone or cannot be read begins anew: that only makes the sweeper wait longer. */
export async function readSightingsFile(store: ObjectStore, signal: AbortSignal): Promise<Sighting[]> {
  try {
    const { bytes } = await store.getBytes(sightingsKey, mostBytes, signal);
    const hint = 'Nothing to do: the sweep begins it anew';
    const failure = { code: 'backup/damaged', stage: 'cleanup', what: sightingsKey, hint } as const;
    const { sightings } = parseJson(sightingsSchema, bytes, failure);
    return sightings.map(({ folder, firstSeen, leaseCounter }) => ({
      folder,
      firstSeen: new Date(firstSeen),
      leaseCounter,
    }));
  } catch (error) {
    if (error instanceof AppError && ['store/no-object', 'backup/damaged', 'store/unsupported'].includes(error.code))
      return [];
    throw error;
  }
}

/** Nothing to remember is no file; where the store lets nothing be removed it is an empty list, so that a missing right ends no cleanup. */
export async function writeSightingsFile(
  store: ObjectStore,
  sightings: readonly Sighting[],
  signal: AbortSignal,
): Promise<void> {
  if (sightings.length === 0 && (await isRemoved(store, signal))) return;
  const file: Sightings = {
    schema: 'hazina-sightings/1',
    sightings: sightings.map(({ firstSeen, ...rest }) => ({ ...rest, firstSeen: firstSeen.toISOString() })),
  };
  await store.putBytes(sightingsKey, Buffer.from(JSON.stringify(file)), { signal });
}

/** Or says nothing already, where it may not be removed. */
async function isRemoved(store: ObjectStore, signal: AbortSignal): Promise<boolean> {
  try {
    await removeOrHide(store, sightingsKey, signal);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'store/refused')
      return (await readSightingsFile(store, signal)).length === 0;
    throw error;
  }
}
