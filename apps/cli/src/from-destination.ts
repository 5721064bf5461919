import type { PlacementConfig, QuotaConfig, StoreConfig } from '#config';
import { AppError, saysDamaged } from '#contracts';
import type { ObjectStore } from '#storage';
import { bad } from './choose-backup.js';
import type { CliContext } from './context.js';
import { withStore } from './open-store.js';

/** A store that backups are read from, by its name: `primary`, or a destination. */
export interface NamedStore {
  readonly name: string;
  readonly store: StoreConfig;
  /** Of the primary one. */
  readonly placements?: Readonly<Record<string, PlacementConfig>>;
  /** Of a destination. */
  readonly quota?: QuotaConfig;
  /** Of a destination: how fast a copy is written there. */
  readonly throttleBytesPerSecond?: number;
}

/** The store that `--from` (or another option) names; without it the primary one. */
export async function storeFrom(
  { store, placements = {} }: Pick<NamedStore, 'store' | 'placements'>,
  from: string | undefined,
  context: CliContext,
  option = '--from',
): Promise<NamedStore> {
  if (from === undefined || from === 'primary') return { name: 'primary', store, placements };
  const { destinations } = await context.destinations();
  const found = destinations.find(({ name }) => name === from);
  if (found !== undefined) return found;
  const known = ['primary', ...destinations.map(({ name }) => name)];
  throw bad(`${option} ${from}: there is no such destination; known are ${known.join(', ')} (BACKUP_TARGETS_FILE)`);
}

/** The stores to try for a restore: the one of `--from` alone, else the primary one and every destination, the nearest first. */
export async function storesFrom(
  config: Pick<NamedStore, 'store' | 'placements'>,
  from: string | undefined,
  context: CliContext,
  option = '--from',
): Promise<readonly NamedStore[]> {
  const first = await storeFrom(config, from, context, option);
  return from === undefined ? [first, ...(await context.destinationsIfAny())] : [first];
}

/** Does `action` with the first store that `look` finds to be good; what each of the others lacked is a warning. */
export async function withNearest<L>(
  stores: readonly NamedStore[],
  look: (store: ObjectStore, named: NamedStore) => Promise<L>,
  action: (store: ObjectStore, found: L) => Promise<void>,
  context: CliContext,
): Promise<void> {
  let first: unknown;
  for (const [at, named] of stores.entries()) {
    const done = await withStore(named, async (store) => {
      let found: L;
      try {
        found = await look(store, named);
      } catch (error) {
        if (at === 0) first = error;
        const next = stores[at + 1];
        if (context.signal.aborted || !isOfTheStore(error)) throw error;
        if (next !== undefined) context.warn(`not read from ${named.name} (${error.message}), but from ${next.name}`);
        return false;
      }
      await action(store, found);
      return true;
    });
    if (done) return;
  }
  throw first;
}

/** The same for a dry run: where no store gives the data and they lie cold in one of them, `look` is asked for what can be known of it (`mayBeCold`). */
export async function withNearestOrCold<L>(
  stores: readonly NamedStore[],
  look: (store: ObjectStore, mayBeCold: boolean) => Promise<L>,
  action: (store: ObjectStore, found: L) => Promise<void>,
  context: CliContext,
): Promise<void> {
  const cold: NamedStore[] = [];
  const lookForData = async (store: ObjectStore, named: NamedStore): Promise<L> => {
    try {
      return await look(store, false);
    } catch (error) {
      if (error instanceof AppError && error.code === 'store/cold') cold.push(named);
      throw error;
    }
  };
  const act = (store: ObjectStore, found: L): Promise<void> => {
    // What fails from here on is no matter of the place.
    cold.length = 0;
    return action(store, found);
  };
  try {
    await withNearest(stores, lookForData, act, context);
  } catch (error) {
    const [first] = cold;
    if (first === undefined || context.signal.aborted || !isOfTheStore(error)) throw error;
    if (stores.length > 1) context.warn(`no place gives the data now: planned from ${first.name}`);
    await withNearest(cold, (store) => look(store, true), action, context);
  }
}

function isOfTheStore(error: unknown): error is AppError {
  return error instanceof AppError && (error.code.startsWith('store/') || saysDamaged(error.code));
}
