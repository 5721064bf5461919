import { alertKey, notifyJob } from '#catalog';
import type { NotificationRecord } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';

type Deps = Pick<WorkerParts, 'catalog' | 'clock' | 'channels' | 'queue'>;

interface Subject {
  readonly backupId: string;
  readonly target: string;
  readonly correlationId: string;
}

/** A backup whose objects are gone from the store: told once, and once more when they are back or nobody wants them any more. */
export async function raiseMissing(
  deps: Deps,
  { backupId, target, correlationId }: Subject,
  reason: string,
): Promise<void> {
  const { catalog, clock, channels } = deps;
  await tell(
    deps,
    await catalog.alerts.raise({
      ...{ key: alertKey('missing', backupId), kind: 'missing', target, backupId, correlationId },
      message: `Backup ${backupId} is missing in the store: ${reason}`,
      hint: 'Somebody else can write to the store: find out who, bring the objects back (versions, replicas), or make a new backup',
      ...{ at: clock.now(), channels: channels.map(({ name }) => name) },
    }),
  );
}

export async function clearMissing(
  deps: Deps,
  { backupId, target }: Omit<Subject, 'correlationId'>,
  message: string,
): Promise<void> {
  const { catalog, clock } = deps;
  await tell(
    deps,
    await catalog.alerts.clear(alertKey('missing', backupId), { message, at: clock.now(), target, backupId }),
  );
}

/** The job of a notification; a queue that is down is no loss, for the reconciler finds what was not delivered. */
export async function tell(
  { queue }: Pick<WorkerParts, 'queue'>,
  notification: NotificationRecord | null,
): Promise<void> {
  if (notification === null) return;
  await queue.add(notifyJob(notification.notificationId)).catch(() => undefined);
}
