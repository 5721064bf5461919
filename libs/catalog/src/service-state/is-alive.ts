import type { SeenWorker } from '../contract/service-state.js';

/** Beats that a worker may miss before what it published counts as unknown (docs/DESIGN.md). */
const beatsUntilUnknown = 3;

export function isAlive({ sinceBeatMs, beatSeconds }: Pick<SeenWorker, 'sinceBeatMs' | 'beatSeconds'>): boolean {
  return sinceBeatMs <= beatsUntilUnknown * beatSeconds * 1000;
}
