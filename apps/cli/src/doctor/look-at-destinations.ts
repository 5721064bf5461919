import { lockAsksOfDestination, type DestinationSource } from '#config';
import { found, type Finding } from '#contracts';
import { holdsFolders, readStoreIdentity } from '#pipeline';
import { createStore, protectionFindings, type ObjectStore } from '#storage';
import type { KeysAtHand } from './look-at-keys.js';
import { lookAtQuota } from './look-at-quota.js';
import { lateStore, lookAt, patient, type LookContext } from './look.js';
import { proveBackups } from './prove-backups.js';

/**
 * Reach of each destination, whether its bucket gives the lock that is asked of it, and whether the keys at hand open its copies. Writes nothing:
 * `hazina storage check --destination` tries that.
 */
export async function lookAtDestinations(
  destinations: readonly DestinationSource[],
  atHand: KeysAtHand,
  context: LookContext,
): Promise<readonly Finding[]> {
  const looks = destinations.map((destination) => lookAtDestination(destination, atHand, context));
  return (await Promise.all(looks)).flat();
}

async function lookAtDestination(
  destination: DestinationSource,
  atHand: KeysAtHand,
  context: LookContext,
): Promise<readonly Finding[]> {
  const opening = createStore(patient(destination.store, context));
  try {
    const { findings, hasCopies } = await reach(destination, opening, context);
    if (!hasCopies) return findings;
    const store = await opening;
    const looks = [
      lookAtQuota(store, destination.quota, context, destination.name),
      proveBackups(store, atHand, { destination: destination.name, isEverywhere: false }, context),
    ];
    return [findings, ...(await Promise.all(looks))].flat();
  } finally {
    // Why it cannot be opened was told by the look.
    await opening.then((store) => store.close()).catch(() => undefined);
  }
}

async function reach(
  { name, store: options }: DestinationSource,
  opening: Promise<ObjectStore>,
  context: LookContext,
): Promise<{ readonly findings: readonly Finding[]; readonly hasCopies: boolean }> {
  const finding = `destination ${name}`;
  let hasCopies = false;
  const findings = await lookAt(finding, lateStore, context, async (signal) => {
    const store = await opening;
    const identity = await readStoreIdentity(store, signal);
    hasCopies = identity !== null || (await holdsFolders(store, signal));
    const nameless = hasCopies ? 'copies without hazina.json' : 'nothing was copied there yet';
    const what = identity === null ? nameless : `the store ${identity.storeId}`;
    const asks = lockAsksOfDestination(name, options);
    return [
      found(finding, `${store.location}: ${what}`),
      ...protectionFindings(await store.protection(signal), asks, `versions and locks of ${name}`),
    ];
  });
  return { findings, hasCopies };
}
