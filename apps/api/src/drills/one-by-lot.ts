import type { Random } from '#contracts';

/** One of them by lot: over the years every kept backup has its turn. */
export function oneByLot(ids: readonly string[], random: Random): string | undefined {
  return ids[random.bytes(4).readUInt32LE(0) % Math.max(1, ids.length)];
}
