import type { DestinationSource, TargetUpkeep } from '#config';
import { AppError } from '#contracts';
import type { Keeper, UnrecordedLook } from '#pipeline';
import type { CliContext } from './context.js';
import { withStore } from './open-store.js';

/** What a sync makes of the destinations: what their own retention keeps there is a copy again, other backups without a record are told. Whatever is wrong with one is told and fails nothing. */
export async function unrecordedCopies(
  look: UnrecordedLook,
  targets: readonly Pick<TargetUpkeep, 'name'>[],
  context: CliContext,
): Promise<readonly string[]> {
  try {
    const destinations = await context.destinationsIfAny();
    if (destinations.length === 0) return [];
    const { replicasOf } = await context.destinations();
    const names = new Set(targets.map(({ name }) => name));
    const looked = destinations.map((destination) => {
      const { name, retention } = destination;
      const keeps = (target: string) => retention !== null && names.has(target) && replicasOf(target).includes(name);
      return copiesIn(destination, keeps, look, context);
    });
    return (await Promise.all(looked)).flat();
  } catch (error) {
    if (context.signal.aborted) throw error;
    return [`The destinations were not looked at: ${AppError.from(error, 'config').message.replaceAll('\n', ' ')}`];
  }
}

async function copiesIn(
  { name, store: options }: DestinationSource,
  keeps: Keeper['keeps'],
  look: UnrecordedLook,
  { signal }: CliContext,
): Promise<readonly string[]> {
  const { notLookedAt, reportUnrecorded } = await import('#pipeline');
  try {
    return await withStore({ store: options }, (store) => reportUnrecorded({ name, store, keeps }, look, signal));
  } catch (error) {
    if (signal.aborted) throw error;
    return [notLookedAt(name, AppError.from(error, 'store').message)];
  }
}
