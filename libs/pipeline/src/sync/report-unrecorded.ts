import { AppError, lookWithin, skipped } from '#contracts';
import type { ObjectStore } from '#storage';
import { holdsFolders } from '../objects/require-copies.js';
import { requireStore } from '../objects/store-identity.js';
import { whileItMoves } from '../while-it-moves.js';
import { findUnrecorded, type UnrecordedDeps } from './find-unrecorded.js';

/** Of each destination; the others are counted. */
const mostListed = 20;
/** One that hangs holds up no sync: so long may it go without an answer. */
const limitMs = 15_000;

export interface UnrecordedLook extends Omit<UnrecordedDeps, 'store' | 'isKnown' | 'onFolder'> {
  /** The identity that the catalogue knows of a destination; null: nothing was copied there by the service. */
  readonly destinationStoreId: (name: string) => Promise<string | null>;
  /** The copies of a backup that the catalogue knows. */
  readonly copiesOf: (backupId: string) => Promise<readonly { readonly destination: string }[]>;
  readonly target: string | null;
}

/** What a sync tells of one destination: the backups that stand there and have no record, with the next step. Whatever is wrong with it is told and fails nothing. */
export async function reportUnrecorded(
  { name, store }: { readonly name: string; readonly store: ObjectStore },
  { catalog, primary, target, destinationStoreId, copiesOf }: UnrecordedLook,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const trouble = await troubleOf(name, store, await destinationStoreId(name), signal);
    if (trouble !== null) return [notLookedAt(name, trouble)];
    const ids: string[] = [];
    let count = 0;
    const isKnown = async (backupId: string): Promise<boolean> =>
      (await copiesOf(backupId)).some(({ destination }) => destination === name);
    await whileItMoves(store.location, limitMs, signal, async (onFolder, running) => {
      for await (const backupId of findUnrecorded({ store, catalog, primary, isKnown, onFolder }, target, running)) {
        count += 1;
        if (ids.length < mostListed) ids.push(backupId);
      }
    });
    return [
      ...ids.map((id) => `${id} stands in ${name} and has no record: ${nextStep(id, name)}`),
      ...(count > ids.length ? [`${name} holds ${count - ids.length} more without a record`] : []),
    ];
  } catch (error) {
    if (signal.aborted) throw error;
    return [notLookedAt(name, AppError.from(error, 'store').message)];
  }
}

export function notLookedAt(name: string, why: string): string {
  return `Destination ${name} was not looked at: ${why}`;
}

const nextStep = (id: string, name: string) => `hazina destinations copy ${id} --from ${name}, then sync again`;

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
