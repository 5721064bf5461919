import { alertKey, notifyJob } from '#catalog';
import type { AlertKind, NotificationRecord } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';

export type AlertDeps = Pick<WorkerParts, 'catalog' | 'clock' | 'channels' | 'queue'>;

/** What people are told; null is where it is about none. */
interface Words {
  readonly message: string;
  readonly target?: string | null;
  readonly backupId?: string | null;
}

interface AlertWords extends Words {
  readonly hint: string | null;
  readonly correlationId?: string | null;
}

/** A state that is bad: told once while it lasts. */
export async function raiseAlert(deps: AlertDeps, kind: AlertKind, subject: string, words: AlertWords): Promise<void> {
  const notification = await deps.catalog.alerts.raise({ key: alertKey(kind, subject), ...eventOf(deps, kind, words) });
  await tell(deps, notification);
}

/** It is well again: told once, if it was raised. */
export async function clearAlert(
  deps: Omit<AlertDeps, 'channels'>,
  key: string,
  { message, target = null, backupId = null }: Words,
): Promise<void> {
  const at = deps.clock.now();
  await tell(deps, await deps.catalog.alerts.clear(key, { message, at, target, backupId }));
}

/** What happened and is no state: told once ever for its subject. */
export async function noteEvent(deps: AlertDeps, kind: AlertKind, subject: string, words: AlertWords): Promise<void> {
  await tell(deps, await deps.catalog.alerts.note({ subject, ...eventOf(deps, kind, words) }));
}

function eventOf({ clock, channels }: AlertDeps, kind: AlertKind, words: AlertWords) {
  const about = { target: null, backupId: null, correlationId: null };
  return { ...about, ...words, kind, at: clock.now(), channels: channels.map(({ name }) => name) };
}

/** The job of a notification; a queue that is down is no loss, for the reconciler finds what was not delivered. */
async function tell({ queue }: Pick<AlertDeps, 'queue'>, notification: NotificationRecord | null): Promise<void> {
  if (notification === null) return;
  await queue.add(notifyJob(notification.notificationId)).catch(() => undefined);
}
