import { AppError, throwIfAborted, type Clock, type NotificationDelivery, type NotificationRecord } from '#contracts';
import { backOffMs } from './back-off.js';
import type { Channel } from './channel.js';

/** What delivering needs of the catalogue; its AlertRepository fits. */
export interface DeliveryPort {
  /** Takes the right to deliver; null when somebody else has it or nothing is due. */
  takeDelivery(notificationId: string, owner: string, now: Date): Promise<NotificationRecord | null>;
  /** One channel's outcome: no error means delivered; an error without a next attempt means given up. */
  recordDelivery(
    notificationId: string,
    channel: string,
    outcome: { readonly at: Date; readonly error: string | null; readonly nextAttemptAt: Date | null },
  ): Promise<void>;
}

export interface DeliverDeps {
  readonly alerts: DeliveryPort;
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  /** This process, as in claims. */
  readonly owner: string;
  /** Told of each failure of a channel, for log and metrics. */
  readonly onFailure?: (channel: string, error: AppError, nextAttemptAt: Date | null) => void;
}

export interface DeliveryReport {
  /** False: somebody else delivers it, it is unknown, or nothing is left. */
  readonly taken: boolean;
  readonly delivered: readonly string[];
  /** Channels that have to be tried again. */
  readonly pending: readonly string[];
  readonly failed: readonly string[];
  /** When the first of the pending ones is due; null when none is pending. */
  readonly nextAttemptAt: Date | null;
}

/**
 * Sends a notification to each channel that is pending and due, all at the same time, and records each outcome. A channel's failure
 * never throws and never holds up another; the catalogue's failure does throw, after all channels have ended. An abort leaves
 * what it interrupts pending and uncounted.
 */
export async function deliver(
  notification: Pick<NotificationRecord, 'notificationId'>,
  deps: DeliverDeps,
  signal: AbortSignal,
): Promise<DeliveryReport> {
  throwIfAborted(signal, 'notify');
  const { notificationId } = notification;
  const now = deps.clock.now();
  const record = await deps.alerts.takeDelivery(notificationId, deps.owner, now);
  if (record === null) return { taken: false, delivered: [], pending: [], failed: [], nextAttemptAt: null };

  const open = record.deliveries.filter((delivery) => delivery.status === 'pending');
  const outcomes = await Promise.allSettled(open.map((delivery) => deliverOne(record, delivery, now, deps, signal)));
  const refused = outcomes.find((outcome) => outcome.status === 'rejected');
  if (refused !== undefined) throw AppError.from(refused.reason, 'notify');
  const results = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const named = (status: NotificationDelivery['status']) =>
    results.filter((result) => result.status === status).map((result) => result.channel);
  const due = results.flatMap((result) => (result.nextAttemptAt === null ? [] : [result.nextAttemptAt.getTime()]));
  return {
    taken: true,
    delivered: named('delivered'),
    pending: named('pending'),
    failed: named('failed'),
    nextAttemptAt: due.length === 0 ? null : new Date(Math.min(...due)),
  };
}

type Outcome = Pick<NotificationDelivery, 'channel' | 'status' | 'nextAttemptAt'>;

async function deliverOne(
  record: NotificationRecord,
  delivery: NotificationDelivery,
  now: Date,
  deps: DeliverDeps,
  signal: AbortSignal,
): Promise<Outcome> {
  const { channel } = delivery;
  if (delivery.nextAttemptAt !== null && delivery.nextAttemptAt > now) {
    return { channel, status: 'pending', nextAttemptAt: delivery.nextAttemptAt };
  }
  const error = await attempt(record, channel, deps.channels, signal);
  const at = deps.clock.now();
  if (error === undefined) {
    await deps.alerts.recordDelivery(record.notificationId, channel, { at, error: null, nextAttemptAt: null });
    return { channel, status: 'delivered', nextAttemptAt: null };
  }
  // The process is ending: whoever looks next tries again.
  if (signal.aborted) return { channel, status: 'pending', nextAttemptAt: at };
  const wait = error.retry === 'retry' ? backOffMs(delivery.attempts + 1) : null;
  const nextAttemptAt = wait === null ? null : new Date(at.getTime() + wait);
  deps.onFailure?.(channel, error, nextAttemptAt);
  await deps.alerts.recordDelivery(record.notificationId, channel, { at, error: error.message, nextAttemptAt });
  return { channel, status: nextAttemptAt === null ? 'failed' : 'pending', nextAttemptAt };
}

async function attempt(
  record: NotificationRecord,
  name: string,
  channels: readonly Channel[],
  signal: AbortSignal,
): Promise<AppError | undefined> {
  const channel = channels.find((candidate) => candidate.name === name);
  if (channel === undefined) {
    // Worth a retry: another process, or this one after its next start, may know the channel.
    return new AppError({
      code: 'notify/failed',
      stage: 'notify',
      message: `The channel ${name} is not configured in this process`,
      hint: 'Give all processes the same NOTIFY_ and SMTP variables',
      retry: 'retry',
    });
  }
  try {
    await channel.send(record, signal);
    return undefined;
  } catch (error) {
    return AppError.from(error, 'notify');
  }
}
