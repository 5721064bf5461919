import type { CopyCount, SeenWorker } from '#catalog';
import type { DestinationConfig } from '#config';
import type { Plain } from '../http/plain.js';
import type { DestinationDto } from './system.dto.js';

/** The destinations as live workers see them, and what lies in them. One that any of them cannot use is degraded. */
export function destinationStates(
  destinations: readonly DestinationConfig[],
  alive: readonly SeenWorker[],
  counts: readonly CopyCount[],
): Plain<DestinationDto>[] {
  return destinations.map(({ name }) => {
    const seen = alive.flatMap((report) => (report.destinations ?? []).filter((health) => health.name === name));
    const bad = seen.find(({ ok }) => ok === false);
    return {
      name,
      location: seen[0]?.location ?? null,
      state: bad !== undefined ? 'degraded' : seen.some(({ ok }) => ok === true) ? 'ok' : 'unknown',
      detail: bad?.detail ?? null,
      copies: Object.fromEntries(
        counts.filter(({ destination }) => destination === name).map(({ state, count }) => [state, count]),
      ),
    };
  });
}
