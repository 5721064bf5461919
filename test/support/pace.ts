import { setTimeout as timer } from 'node:timers/promises';

/**
 * The pace of what goes on in the background of a test, and the moment of a fault that a seed draws. What is waited for is never waited for like this, but by its
 * condition (wait-until.ts): the linter lets no other file of the tests pause. Comes back at once when the signal is aborted.
 */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await timer(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
