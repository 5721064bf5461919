import type { Clock } from '#contracts';
import type { ObjectStore } from './object-store.js';

const looks = 7;
/** Above this a store is in another part of the world, or behind a slow line: each of the requests of a backup waits that long. */
export const farMs = 150;

/** Median time of one small request, in milliseconds. */
export async function measureLatency(
  store: ObjectStore,
  key: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<number> {
  const times: number[] = [];
  for (let look = 0; look < looks; look += 1) {
    const started = clock.monotonicMs();
    await store.head(key, signal);
    times.push(clock.monotonicMs() - started);
  }
  return times.sort((a, b) => a - b)[Math.floor(looks / 2)] ?? 0;
}
