import type { DestinationSource } from '#config';
import { AppError } from '#contracts';
import type { UnrecordedLook } from '#pipeline';
import type { CliContext } from './context.js';
import { withStore } from './open-store.js';

/** What a sync tells of the destinations: backups that stand there and have no record. Whatever is wrong with one is told and fails nothing. */
export async function unrecordedCopies(look: UnrecordedLook, context: CliContext): Promise<readonly string[]> {
  try {
    const destinations = await context.destinationsIfAny();
    return (await Promise.all(destinations.map((destination) => copiesIn(destination, look, context)))).flat();
  } catch (error) {
    if (context.signal.aborted) throw error;
    return [`The destinations were not looked at: ${AppError.from(error, 'config').message.replaceAll('\n', ' ')}`];
  }
}

async function copiesIn(
  { name, store: options }: DestinationSource,
  look: UnrecordedLook,
  { signal }: CliContext,
): Promise<readonly string[]> {
  const { notLookedAt, reportUnrecorded } = await import('#pipeline');
  try {
    return await withStore({ store: options }, (store) => reportUnrecorded({ name, store }, look, signal));
  } catch (error) {
    if (signal.aborted) throw error;
    return [notLookedAt(name, AppError.from(error, 'store').message)];
  }
}
