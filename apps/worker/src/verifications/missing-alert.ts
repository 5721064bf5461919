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

/** A copy that nothing can be copied from again is lost for good: told once ever, for nobody can bring that to an end. */
export async function noteLostCopy(
  deps: Deps,
  {
    backupId,
    target,
    destination,
  }: { readonly backupId: string; readonly target: string; readonly destination: string },
): Promise<void> {
  const { catalog, clock, channels } = deps;
  await tell(
    deps,
    await catalog.alerts.note({
      ...{ kind: 'missing', target, backupId, subject: `${backupId}-${destination}`, correlationId: null },
      message: `The copy of ${backupId} in the destination ${destination} is gone, and it was the last one: retention had taken the backup from the primary store`,
      hint: 'Find out who removed it (access log, life-cycle rules); versions of the bucket may still have it: bring its folder back, and hazina catalog sync takes it up',
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
