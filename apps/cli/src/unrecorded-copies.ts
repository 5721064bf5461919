import type { DestinationSource } from '#config';
import type { Catalog } from '#catalog';
import { AppError, lookWithin, skipped } from '#contracts';
import type { UnrecordedDeps } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { CliContext } from './context.js';
import { withStore } from './open-store.js';

/** Of each destination; the others are counted. */
const mostListed = 20;
/** One that hangs holds up no sync. */
const limitMs = 15_000;

export interface UnrecordedLook extends Omit<UnrecordedDeps, 'store'> {
  readonly settings: Pick<Catalog['settings'], 'destinationStoreId'>;
  readonly target: string | null;
}

/** What a sync tells of the destinations: backups that stand there and have no record. Whatever is wrong with one is told and fails nothing. */
export async function reportUnrecorded(look: UnrecordedLook, context: CliContext): Promise<readonly string[]> {
  try {
    const destinations = await context.destinationsIfAny();
    return (await Promise.all(destinations.map((destination) => reportsOf(destination, look, context)))).flat();
  } catch (error) {
    if (context.signal.aborted) throw error;
    return [`The destinations were not looked at: ${AppError.from(error, 'config').message.replaceAll('\n', ' ')}`];
  }
}

async function reportsOf(
  { name, store: options }: DestinationSource,
  look: UnrecordedLook,
  context: CliContext,
): Promise<readonly string[]> {
  try {
    return await withStore({ store: options }, async (store) => {
      const trouble = await troubleOf(name, store, look, context);
      if (trouble !== null) return [notLooked(name, trouble)];
      const { ids, count } = await unrecordedIn(store, look, context);
      return [
        ...ids.map((id) => `${id} stands in ${name} and has no record: ${nextStep(id, name)}`),
        ...(count > ids.length ? [`${name} holds ${count - ids.length} more without a record`] : []),
      ];
    });
  } catch (error) {
    if (context.signal.aborted) throw error;
    return [notLooked(name, AppError.from(error, 'store').message)];
  }
}

const nextStep = (id: string, name: string) => `hazina destinations copy ${id} --from ${name}, then sync again`;

const notLooked = (name: string, why: string) => `Destination ${name} was not looked at: ${why}`;

/** Why its listing would tell nothing; null: it answers in time, and is the store that it was. */
async function troubleOf(
  name: string,
  store: ObjectStore,
  { settings }: UnrecordedLook,
  { signal }: CliContext,
): Promise<string | null> {
  const { holdsFolders, requireStore } = await import('#pipeline');
  const expected = await settings.destinationStoreId(name);
  const late = { limitMs, lateCode: 'store/unreachable', lateHint: '' } as const;
  const [finding] = await lookWithin({ name, ...late, signal }, async (ending) => {
    // Copies by hand give it no identity: only one without anything may be a volume that is not mounted.
    if ((await requireStore(store, expected, ending)) !== null || (await holdsFolders(store, ending))) return [];
    return [skipped(name, `${store.location} is empty: nothing was copied there yet, or it is not mounted`)];
  });
  return finding?.detail ?? null;
}

async function unrecordedIn(
  store: ObjectStore,
  { catalog, primary, target }: UnrecordedLook,
  { signal }: CliContext,
): Promise<{ readonly ids: readonly string[]; readonly count: number }> {
  const { findUnrecorded } = await import('#pipeline');
  const ids: string[] = [];
  let count = 0;
  for await (const backupId of findUnrecorded({ store, catalog, primary }, target, signal)) {
    count += 1;
    if (ids.length < mostListed) ids.push(backupId);
  }
  return { ids, count };
}
