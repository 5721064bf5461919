import { alertKey, isAlive } from '#catalog';
import { primaryStore, type CopyState } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';
import { tell } from '../verifications/missing-alert.js';

export interface DestinationState {
  readonly name: string;
  /** Why it cannot be used; null: it can. */
  readonly trouble: { readonly message: string; readonly hint: string | undefined } | null;
  readonly states: Readonly<Record<CopyState, number>>;
  /** When the oldest backup that is not there was completed. */
  readonly behindSince: Date | null;
}

/** A destination that lacks a backup, or cannot be used: told once, and once more when it has every backup again. */
export async function settleReplicaAlert(parts: WorkerParts, state: DestinationState): Promise<void> {
  const { catalog, clock, channels, config } = parts;
  const { name, trouble, states, behindSince } = state;
  const { pending, copying, failed, missing } = states;
  const behind = pending + copying + failed + missing;
  const failure = await catalog.copies.newestFailure(name);
  const isLate = behindSince !== null && clock.now().getTime() - behindSince.getTime() > config.overdueMs;
  const key = alertKey('replica-behind', name);
  const called = name === primaryStore ? 'The primary store' : `Destination ${name}`;
  if (trouble !== null || failure !== null || missing > 0 || isLate) {
    const reason = trouble?.message ?? failure?.errorMessage ?? `${behind} backups are not there yet`;
    const notification = await catalog.alerts.raise({
      ...{ key, kind: 'replica-behind', target: null, backupId: failure?.backupId ?? null, correlationId: null },
      message: `${called} is behind: ${reason}`,
      hint: trouble?.hint ?? failure?.error?.hint ?? null,
      ...{ at: clock.now(), channels: channels.map((channel) => channel.name) },
    });
    await tell(parts, notification);
    return;
  }
  if (behind > 0 || !(await catalog.alerts.raised()).some((raised) => raised.key === key)) return;
  // Another worker may be cut off from it: its word counts as well, or the two would raise and clear by turns.
  const isSeenBad = (await catalog.workers.all()).some(
    (worker) =>
      isAlive(worker) &&
      (name === primaryStore
        ? worker.storeOk === false
        : (worker.destinations ?? []).some((seen) => seen.name === name && seen.ok === false)),
  );
  if (isSeenBad) return;
  const message = `${called} has every backup again`;
  await tell(parts, await catalog.alerts.clear(key, { message, at: clock.now(), target: null, backupId: null }));
}
