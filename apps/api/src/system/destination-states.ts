import type { Catalog, CopyCount, SeenWorker } from '#catalog';
import type { DestinationConfig } from '#config';
import { destinationQuota, type StorageHistory } from '#notify';
import { quotaView } from '../backups/quota-view.js';
import type { Plain } from '../http/plain.js';
import type { DestinationDto } from './system.dto.js';

/** What lies in the destinations. */
export interface DestinationStocks {
  readonly counts: readonly CopyCount[];
  /** By destination. */
  readonly histories: ReadonlyMap<string, StorageHistory>;
}

export async function stocksOf(
  { copies }: Pick<Catalog, 'copies'>,
  destinations: readonly DestinationConfig[],
  now: Date,
): Promise<DestinationStocks> {
  if (destinations.length === 0) return { counts: [], histories: new Map() };
  const [counts, histories] = await Promise.all([
    copies.counts(),
    Promise.all(destinations.map(async ({ name }) => [name, await copies.storageHistory(name, now)] as const)),
  ]);
  return { counts, histories: new Map(histories) };
}

/** The destinations as live workers see them, and what lies in them. One that any of them cannot use is degraded. */
export function destinationStates(
  destinations: readonly DestinationConfig[],
  alive: readonly SeenWorker[],
  { counts, histories }: DestinationStocks,
  now: Date,
): Plain<DestinationDto>[] {
  return destinations.map(({ name, quota }) => {
    const seen = alive.flatMap((report) => (report.destinations ?? []).filter((health) => health.name === name));
    const bad = seen.find(({ ok }) => ok === false);
    const history = histories.get(name) ?? { usedBytes: 0, usedBefore: 0, addedBytes: 0, since: now };
    return {
      name,
      location: seen[0]?.location ?? null,
      state: bad !== undefined ? 'degraded' : seen.some(({ ok }) => ok === true) ? 'ok' : 'unknown',
      detail: bad?.detail ?? null,
      copies: Object.fromEntries(
        counts.filter(({ destination }) => destination === name).map(({ state, count }) => [state, count]),
      ),
      quota: { ...quotaView(quota, history, now, destinationQuota(name)) },
    };
  });
}
