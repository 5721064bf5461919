import { chance, type Random } from '#contracts';

/** One of them by lot: over the years every kept backup has its turn. */
export function oneByLot(ids: readonly string[], random: Random): string | undefined {
  return ids[Math.floor(chance(random) * ids.length)];
}
