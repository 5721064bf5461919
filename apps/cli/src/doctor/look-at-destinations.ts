import { lockAsksOfDestination, type DestinationSource } from '#config';
import { found, type Finding } from '#contracts';
import { readStoreIdentity } from '#pipeline';
import { createStore, protectionFindings } from '#storage';
import { late, patient } from './look-at-store.js';
import { lookAt, type LookContext } from './look.js';

/** Reach of each destination, and whether its bucket gives the lock that is asked of it. Writes nothing: `hazina storage check --destination` tries that. */
export function lookAtDestinations(
  destinations: readonly DestinationSource[],
  context: LookContext,
): readonly Promise<readonly Finding[]>[] {
  return destinations.map((destination) => {
    const name = `destination ${destination.name}`;
    return lookAt(name, late, context, (signal) => lookAtDestination(name, destination, context, signal));
  });
}

async function lookAtDestination(
  finding: string,
  { name, store: options }: DestinationSource,
  context: LookContext,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const store = await createStore(patient(options, context));
  try {
    const identity = await readStoreIdentity(store, signal);
    const what = identity === null ? 'nothing was copied there yet' : `the store ${identity.storeId}`;
    const asks = lockAsksOfDestination(name, options);
    return [
      found(finding, `${store.location}: ${what}`),
      ...protectionFindings(await store.protection(signal), asks, `versions and locks of ${name}`),
    ];
  } finally {
    await store.close();
  }
}
