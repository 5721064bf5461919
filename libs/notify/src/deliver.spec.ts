import { describe, expect, it } from '@jest/globals';
import { AppError, type Clock, type NotificationDelivery, type NotificationRecord } from '#contracts';
import { maxAttempts } from './back-off.js';
import type { Channel } from './channel.js';
import { deliver, type DeliveryPort } from './deliver.js';
import { notifyFailed } from './notify-error.js';
import { notification, pending } from './testing/notifications.js';

const start = new Date('2026-01-02T03:10:00.000Z');
const never = new AbortController().signal;
const after = (milliseconds: number) => new Date(start.getTime() + milliseconds);

/** A catalogue of one notification, by the contract of AlertRepository. */
class OneNotification implements DeliveryPort {
  record: NotificationRecord;
  now = start;
  takenBy: string | undefined;
  refuses = false;
  readonly clock: Clock = { now: () => this.now, monotonicMs: () => 0 };

  constructor(...deliveries: NotificationDelivery[]) {
    this.record = notification({ deliveries });
  }

  takeDelivery(id: string, owner: string): Promise<NotificationRecord | null> {
    const isOpen = this.record.deliveries.some((delivery) => delivery.status === 'pending');
    const isTaken = this.takenBy !== undefined && this.takenBy !== owner;
    if (id !== this.record.notificationId || !isOpen || isTaken) return Promise.resolve(null);
    this.takenBy = owner;
    return Promise.resolve(this.record);
  }

  recordDelivery(
    _id: string,
    channel: string,
    { at, error, nextAttemptAt }: { at: Date; error: string | null; nextAttemptAt: Date | null },
  ): Promise<void> {
    if (this.refuses)
      return Promise.reject(new AppError({ code: 'catalog/unavailable', stage: 'catalog', message: 'down' }));
    const changed = (delivery: NotificationDelivery): NotificationDelivery => ({
      ...delivery,
      status: error === null ? 'delivered' : nextAttemptAt === null ? 'failed' : 'pending',
      attempts: delivery.attempts + 1,
      lastError: error,
      deliveredAt: error === null ? at : null,
      nextAttemptAt,
    });
    const deliveries = this.record.deliveries.map((delivery) =>
      delivery.channel === channel ? changed(delivery) : delivery,
    );
    this.record = { ...this.record, deliveries };
    return Promise.resolve();
  }
}

function channel(name: string, send: Channel['send'] = () => Promise.resolve()): Channel & { sent: string[] } {
  const sent: string[] = [];
  return {
    name,
    sent,
    send: (record, signal) => {
      sent.push(record.notificationId);
      return send(record, signal);
    },
  };
}

const failing = (retry: 'retry' | 'no-retry') => () =>
  Promise.reject(notifyFailed('The webhook said no', retry, 'Look'));
const deps = (alerts: OneNotification, ...channels: Channel[]) => ({
  alerts,
  channels,
  clock: alerts.clock,
  owner: 'me',
});

describe('delivering a notification', () => {
  it('sends it to each channel that does not have it yet', async () => {
    const alerts = new OneNotification(pending('email'), pending('webhook', { status: 'delivered' }));
    const channels = [channel('email'), channel('webhook')] as const;
    const report = await deliver(alerts.record, deps(alerts, ...channels), never);
    expect(report).toEqual({ taken: true, delivered: ['email'], pending: [], failed: [], nextAttemptAt: null });
    expect(channels.map(({ sent }) => sent.length)).toEqual([1, 0]);
    expect(alerts.record.deliveries[0]).toMatchObject({ status: 'delivered', attempts: 1, deliveredAt: start });
    expect(await deliver(alerts.record, deps(alerts, ...channels), never)).toMatchObject({ taken: false });
  });

  it('keeps one channel out of the way of another', async () => {
    const alerts = new OneNotification(pending('webhook'), pending('email'));
    const told: unknown[] = [];
    const email = channel('email');
    const report = await deliver(
      { notificationId: 'n-7f3a' },
      { ...deps(alerts, channel('webhook', failing('retry')), email), onFailure: (...facts) => told.push(facts) },
      never,
    );
    expect(report).toMatchObject({ delivered: ['email'], pending: ['webhook'], nextAttemptAt: after(30_000) });
    expect(told).toEqual([['webhook', expect.objectContaining({ code: 'notify/failed' }), after(30_000)]]);
    expect(alerts.record.deliveries[0]).toMatchObject({ lastError: 'The webhook said no', status: 'pending' });
    // Not due: not tried.
    alerts.now = after(29_999);
    expect(await deliver(alerts.record, deps(alerts, email), never)).toMatchObject({ pending: ['webhook'] });
    expect(alerts.record.deliveries[0]?.attempts).toBe(1);
  });

  it('tries for hours with growing pauses, then gives up', async () => {
    const alerts = new OneNotification(pending('webhook'));
    const pauses: number[] = [];
    for (;;) {
      const report = await deliver(alerts.record, deps(alerts, channel('webhook', failing('retry'))), never);
      if (report.nextAttemptAt === null) {
        expect(report.failed).toEqual(['webhook']);
        break;
      }
      pauses.push((report.nextAttemptAt.getTime() - alerts.now.getTime()) / 1_000);
      alerts.now = report.nextAttemptAt;
    }
    expect(pauses).toEqual([30, 120, 600, 3_600, 3_600, 3_600, 3_600]);
    expect(alerts.record.deliveries[0]).toMatchObject({ status: 'failed', attempts: maxAttempts });
  });

  it('gives up at once on what will never work', async () => {
    const alerts = new OneNotification(pending('webhook'));
    const report = await deliver(alerts.record, deps(alerts, channel('webhook', failing('no-retry'))), never);
    expect(report).toMatchObject({ failed: ['webhook'], nextAttemptAt: null });
  });

  it('waits for a process that knows the channel', async () => {
    const alerts = new OneNotification(pending('webhook'));
    const report = await deliver(alerts.record, deps(alerts), never);
    expect(report.pending).toEqual(['webhook']);
    expect(alerts.record.deliveries[0]?.lastError).toMatch(/not configured/);
  });

  it('leaves to others what they deliver', async () => {
    const alerts = new OneNotification(pending('email'));
    alerts.takenBy = 'other';
    const email = channel('email');
    expect(await deliver(alerts.record, deps(alerts, email), never)).toMatchObject({ taken: false });
    expect(email.sent).toEqual([]);
  });

  it('counts nothing that the end of the process interrupts', async () => {
    const alerts = new OneNotification(pending('email'));
    const stop = new AbortController();
    const email = channel('email', () => {
      stop.abort();
      return failing('retry')();
    });
    expect(await deliver(alerts.record, deps(alerts, email), stop.signal)).toMatchObject({ pending: ['email'] });
    expect(alerts.record.deliveries[0]).toMatchObject({ status: 'pending', attempts: 0 });
    await expect(deliver(alerts.record, deps(alerts, email), stop.signal)).rejects.toMatchObject({
      code: 'run/cancelled',
    });
  });

  it('tells of a catalogue that fails, after every channel has had its turn', async () => {
    const alerts = new OneNotification(pending('email'), pending('webhook'));
    alerts.refuses = true;
    const channels = [channel('email'), channel('webhook', failing('retry'))] as const;
    await expect(deliver(alerts.record, deps(alerts, ...channels), never)).rejects.toMatchObject({
      code: 'catalog/unavailable',
    });
    expect(channels.map(({ sent }) => sent.length)).toEqual([1, 1]);
  });
});
