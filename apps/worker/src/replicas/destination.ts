import type { DestinationSource } from '#config';
import { AppError } from '#contracts';
import { bindStore, changedPlace, readStoreIdentity } from '#pipeline';
import { createStore } from '#storage';
import { tellsOf } from '../core/tell-repetitions.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import type { Destination } from './destination-types.js';

/** Connects to nothing yet. */
export async function openDestination({ store, ...source }: DestinationSource, log: WorkerLog): Promise<Destination> {
  return { ...source, options: store, store: await createStore(store, tellsOf(log, { destination: source.name })) };
}

/** The destinations of a target, the nearest first. */
export function destinationsOf(
  { config, destinations }: Pick<WorkerParts, 'config' | 'destinations'>,
  target: string,
): Destination[] {
  const names = config.targets.find(({ name }) => name === target)?.replicas ?? [];
  return names.flatMap((name) => destinations.find((destination) => destination.name === name) ?? []);
}

/**
 * The destination must be the store that it was when something was first copied there, and not the primary store under another name. An empty one that took its
 * place is `store/changed` until somebody says that it is meant: an unmounted volume must not look like an empty one.
 */
export async function requireDestination(
  parts: Pick<WorkerParts, 'catalog' | 'clock' | 'random' | 'storeId'>,
  { name, store }: Destination,
  signal: AbortSignal,
): Promise<void> {
  const { catalog, clock, random, storeId } = parts;
  if ((await readStoreIdentity(store, signal))?.storeId === storeId)
    throw new AppError({
      ...{ code: 'store/changed', stage: 'store' },
      message: `The destination ${name} is the primary store ${storeId} itself, or was copied from it by other means`,
      hint: 'Give the destination a bucket, a prefix or a directory of its own',
    });
  const binding = {
    storeId: () => catalog.settings.destinationStoreId(name),
    bindStore: (found: string) => catalog.settings.bindDestination(name, found),
  };
  try {
    await bindStore({ binding, store, clock, random }, signal);
  } catch (thrown) {
    throw changedPlace(name, thrown);
  }
}
