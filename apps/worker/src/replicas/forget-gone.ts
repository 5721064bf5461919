import { alertKey, isAlive } from '#catalog';
import { primaryStore } from '#contracts';
import { destinationOfAlert } from '../cleanup/check-quota.js';
import type { WorkerParts } from '../core/worker-core.js';
import { clearAlert } from '../alerts/settle-alert.js';

const ofPlace = [alertKey('replica-behind', ''), alertKey('store-unusable', ''), alertKey('cleanup-failed', '')];

/**
 * What was told of a destination that nobody copies to any more is over: with the others of a fleet it may be in the configuration for a moment longer, and then
 * stays. Without any destination the primary store is no place to be behind either.
 */
export async function forgetGone(parts: WorkerParts): Promise<void> {
  const { catalog, destinations, owner } = parts;
  const raised = await catalog.alerts.raised();
  const told = raised.flatMap(({ key }) => {
    const beginning = ofPlace.find((prefix) => key.startsWith(prefix));
    const name = beginning === undefined ? destinationOfAlert(key) : key.slice(beginning.length);
    // The primary store has a retention of its own, destinations or not.
    return name === null || key === alertKey('cleanup-failed', primaryStore) ? [] : [{ key, name }];
  });
  if (told.length === 0) return;
  const others = (await catalog.workers.all()).filter((worker) => worker.workerId !== owner && isAlive(worker));
  const known = new Set([
    ...destinations.map(({ name }) => name),
    ...others.flatMap((worker) => (worker.destinations ?? []).map(({ name }) => name)),
  ]);
  if (known.size > 0) known.add(primaryStore);
  for (const { key, name } of told) {
    if (known.has(name)) continue;
    const message = `${name} is no destination any more`;
    await clearAlert(parts, key, { message });
  }
}
