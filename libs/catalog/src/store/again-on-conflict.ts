import { setTimeout as delay } from 'node:timers/promises';
import { chance, type Random } from '#contracts';
import { isConflict } from './translate-error.js';

/** Tries in all. The pauses between them come to about 2 s, a second more or less. */
const mostTries = 20;
const firstPauseMs = 10;
const longestPauseMs = 250;

/**
 * A write that met others and was rolled back is made again: at once, then after pauses that grow and are drawn by lot. Those who met must not meet again:
 * twenty that insert one key at the same moment, and try again at the same moment, lose to each other for longer than any of them may wait. Nothing is tried again
 * once `isOver`: who asked was told already that nobody knows.
 */
export async function againOnConflict<T>(
  work: () => Promise<T>,
  { random, isOver }: { readonly random: Random; readonly isOver: () => boolean },
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === mostTries || !isConflict(error)) throw error;
      if (attempt > 1) await delay(longestAfter(attempt) * chance(random));
      if (isOver()) throw error;
    }
  }
}

function longestAfter(attempt: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1));
}
