import { AppError, lookWithin, skipped } from '#contracts';
import type { ObjectStore } from '#storage';
import { holdsFolders } from '../objects/require-copies.js';
import { requireStore } from '../objects/store-identity.js';
import { whileItMoves } from '../while-it-moves.js';
import { CopyAdopter, type AdoptionDeps, type Keeper } from './adopt-copies.js';
import { findUnrecorded, type UnrecordedDeps } from './find-unrecorded.js';
import { UnrecordedTold } from './unrecorded-told.js';

/** One that hangs holds up no sync: so long may its listing go without an answer … */
const limitMs = 15_000;
/** … and so long the proof of some backups, for which key services are asked and large manifests read. */
const proofLimitMs = 120_000;
/** Backups that are proven at the same time. */
const atOnce = 16;

export interface UnrecordedLook extends AdoptionDeps, Pick<UnrecordedDeps, 'catalog' | 'primary'> {
  /** The identity that the catalogue knows of a destination; null: nothing was copied there by the service. */
  readonly destinationStoreId: (name: string) => Promise<string | null>;
  /** Notes the identity of one that the catalogue has forgotten: what is adopted there must not be looked for in another store. */
  readonly bindDestination: (name: string, storeId: string) => Promise<void>;
  /** The copies of a backup that the catalogue knows. */
  readonly copiesOf: (backupId: string) => Promise<readonly { readonly destination: string }[]>;
  readonly catalog: UnrecordedDeps['catalog'];
  readonly target: string | null;
}

/**
 * What a sync makes of one destination: the backups that stand there and have no record are copies of it again where it keeps them by a policy of its own
 * (`CopyAdopter`); of the others it tells, with the next step. Whatever is wrong with it is told and fails nothing.
 */
export async function reportUnrecorded(
  keeper: Keeper,
  look: UnrecordedLook,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { name, store } = keeper;
  const told = new UnrecordedTold(name);
  try {
    const known = await look.destinationStoreId(name);
    const trouble = await troubleOf(name, store, known, signal);
    if (trouble !== null) return [notLookedAt(name, trouble)];
    const ids = await unrecordedIn(keeper, look, signal);
    const isSame = ids.length > 0 && (await isBound(keeper, look, known, signal));
    const adopter = new CopyAdopter(look, isSame ? keeper : { ...keeper, keeps: () => false });
    for (let from = 0; from < ids.length; from += atOnce) {
      const some = ids.slice(from, from + atOnce);
      const outcomes = await whileItMoves(store.location, proofLimitMs, signal, (_moved, running) =>
        // All of them, also when one fails: nothing may be written behind the end of this.
        Promise.allSettled(some.map((backupId) => adopter.adopt(backupId, running))),
      );
      for (const [index, outcome] of outcomes.entries())
        if (outcome.status === 'fulfilled') told.add(some[index] ?? '', outcome.value);
      const failed = outcomes.find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
    }
    return told.lines();
  } catch (error) {
    if (signal.aborted) throw error;
    return [...told.lines(), notLookedAt(name, AppError.from(error, 'store').message)];
  }
}

export function notLookedAt(name: string, why: string): string {
  return `Destination ${name} was not looked at: ${why}`;
}

/** Ids alone are held: a destination may hold many that the catalogue has forgotten. */
async function unrecordedIn(
  { name, store }: Keeper,
  { catalog, primary, target, copiesOf }: UnrecordedLook,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const isKnown = async (backupId: string): Promise<boolean> =>
    (await copiesOf(backupId)).some(({ destination }) => destination === name);
  const ids: string[] = [];
  await whileItMoves(store.location, limitMs, signal, async (onFolder, running) => {
    for await (const backupId of findUnrecorded({ store, catalog, primary, isKnown, onFolder }, target, running))
      ids.push(backupId);
  });
  return ids;
}

/** Whether what is adopted there can be told from what lies in another store: it has an identity, and the catalogue knows it (from now on). */
async function isBound(
  { name, store }: Keeper,
  { primary, bindDestination }: UnrecordedLook,
  known: string | null,
  signal: AbortSignal,
): Promise<boolean> {
  const identity = await requireStore(store, known, signal);
  if (identity === null) return false;
  if (known === null && primary === null) await bindDestination(name, identity.storeId);
  return true;
}

/** Why its listing would tell nothing; null: it answers in time, and is the store that it was. */
async function troubleOf(
  name: string,
  store: ObjectStore,
  expected: string | null,
  signal: AbortSignal,
): Promise<string | null> {
  const late = { limitMs, lateCode: 'store/unreachable', lateHint: '' } as const;
  const [finding] = await lookWithin({ name, ...late, signal }, async (ending) => {
    // Copies by hand give it no identity: only one without anything may be a volume that is not mounted.
    if ((await requireStore(store, expected, ending)) !== null || (await holdsFolders(store, ending))) return [];
    return [skipped(name, `${store.location} is empty: nothing was copied there yet, or it is not mounted`)];
  });
  return finding?.detail ?? null;
}
