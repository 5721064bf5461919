import { alertKey, isAlive } from '#catalog';
import { primaryStore, type AlertKind, type CopyState } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';
import { clearAlert, raiseAlert } from '../alerts/settle-alert.js';

export interface DestinationState {
  readonly name: string;
  /** Why it cannot be used; null: it can. */
  readonly trouble: { readonly message: string; readonly hint: string | undefined } | null;
  readonly states: Readonly<Record<CopyState, number>>;
  /** When the oldest backup that is not there was completed. */
  readonly behindSince: Date | null;
}

/**
 * A place that cannot be used, and one that lacks a backup: each told once, and once more when it is well again. Two alerts, for a single copy that fails for good
 * must not keep anybody from hearing that the whole place is gone.
 */
export async function settleReplicaAlerts(parts: WorkerParts, state: DestinationState): Promise<void> {
  await settleUnusable(parts, state);
  await settleBehind(parts, state);
}

async function settleUnusable(parts: WorkerParts, { name, trouble }: DestinationState): Promise<void> {
  const called = calledOf(name);
  if (trouble !== null) {
    const { message, hint } = trouble;
    await raiseAlert(parts, 'store-unusable', name, {
      message: `${called} cannot be used: ${message}`,
      hint: hint ?? null,
    });
    return;
  }
  if (!(await isRaised(parts, 'store-unusable', name))) return;
  if (await isSeenBad(parts, name)) return;
  await clearAlert(parts, alertKey('store-unusable', name), { message: `${called} can be used again` });
}

/** Another worker may be cut off from it: its word counts as well, or the two would raise and clear by turns. */
async function isSeenBad({ catalog, owner }: WorkerParts, name: string): Promise<boolean> {
  return (await catalog.workers.all()).some(
    (worker) =>
      isAlive(worker) &&
      worker.workerId !== owner &&
      (name === primaryStore
        ? worker.storeOk === false
        : (worker.destinations ?? []).some((seen) => seen.name === name && seen.ok === false)),
  );
}

async function settleBehind(
  parts: WorkerParts,
  { name, trouble, states, behindSince }: DestinationState,
): Promise<void> {
  const { catalog, clock, config } = parts;
  const { pending, copying, failed, missing } = states;
  const behind = pending + copying + failed + missing;
  const failure = await catalog.copies.newestFailure(name);
  const isLate = behindSince !== null && clock.now().getTime() - behindSince.getTime() > config.overdueMs;
  if (failure !== null || missing > 0 || isLate) {
    const reason = failure?.errorMessage ?? `${behind} backups are not there yet`;
    const message = `${calledOf(name)} is behind: ${reason}`;
    await raiseAlert(parts, 'replica-behind', name, {
      ...{ message, hint: failure?.error?.hint ?? null, backupId: failure?.backupId ?? null },
    });
    return;
  }
  if (behind > 0 || trouble !== null || !(await isRaised(parts, 'replica-behind', name))) return;
  if (await isSeenBad(parts, name)) return;
  await clearAlert(parts, alertKey('replica-behind', name), {
    message: `${calledOf(name)} has every backup again that it can have`,
  });
}

function calledOf(name: string): string {
  return name === primaryStore ? 'The primary store' : `Destination ${name}`;
}

async function isRaised({ catalog }: WorkerParts, kind: AlertKind, name: string): Promise<boolean> {
  const key = alertKey(kind, name);
  return (await catalog.alerts.raised()).some((raised) => raised.key === key);
}
