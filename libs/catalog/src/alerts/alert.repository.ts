import {
  randomSuffix,
  type AlertKind,
  type Clock,
  type NotificationDelivery,
  type NotificationRecord,
  type Random,
} from '#contracts';
import type { AlertRepository } from '../contract/alerts.js';
import type { NotificationDocument, PlannedRecovery } from '../schemas/notification.schema.js';
import { op, type RecordCollection } from '../store/record-collection.js';

type Notifications = RecordCollection<NotificationDocument>;

/** Each backup that ends so is told of, once ever, though the state of its target is raised already. */
const eventKinds: ReadonlySet<AlertKind> = new Set(['backup-failed', 'superseded', 'restore-failed', 'drill-failed']);

export function alertRepository(notifications: Notifications, random: Random, clock: Clock): AlertRepository {
  const newId = (): string => `n-${clock.now().getTime().toString(36)}-${randomSuffix(random, 10)}`;

  /** The planned recovery becomes a notification; repeatable, so whoever finds one left over finishes it. */
  async function tellRecovery(raised: NotificationDocument): Promise<NotificationRecord | null> {
    const { recovery } = raised;
    if (recovery === null) return null;
    await notifications.insert(recoveredNotification(raised, recovery));
    await notifications.change({ 'recovery.notificationId': recovery.notificationId }, { $set: { recovery: null } });
    return find(recovery.notificationId);
  }

  async function find(notificationId: string): Promise<NotificationRecord | null> {
    const found = await notifications.findOne({ notificationId });
    return found === null ? null : toNotification(found);
  }

  return {
    findNotification: find,

    async raise({ key, kind, target, backupId, subject, correlationId, message, hint, at, channels }) {
      const eventOf = eventKinds.has(kind) ? (subject ?? backupId) : null;
      const notificationId = eventOf === null ? newId() : `${kind}-${eventOf}`;
      const notification = {
        ...{ notificationId, kind, of: null, target, backupId, correlationId, message, hint, createdAt: at },
        ...deliveriesTo(channels),
      };
      const inserted =
        (await notifications.insert({ ...notification, raised: key })) ??
        // Raised already: another backup's failure is told all the same, by its id once.
        (eventOf === null ? null : await notifications.insert(notification));
      return inserted === null ? null : toNotification(inserted);
    },

    async note({ kind, target, backupId, subject, correlationId, message, hint, at, channels }) {
      const inserted = await notifications.insert({
        ...{ notificationId: `${kind}-${subject}`, kind, of: null, target, backupId, correlationId, message, hint },
        ...{ createdAt: at, ...deliveriesTo(channels) },
      });
      return inserted === null ? null : toNotification(inserted);
    },

    async clear(key, { message, at, target, backupId }) {
      const recovery: PlannedRecovery = { notificationId: newId(), message, at, target, backupId };
      const cleared = await notifications.update({ raised: key }, { $unset: { raised: 1 }, $set: { recovery } });
      return cleared === null ? null : tellRecovery(cleared);
    },

    async raised() {
      const found = await notifications.find({ raised: op({ $type: 'string' }) }, { sort: { createdAt: 1 } });
      return found.map(({ raised = '', kind, target, createdAt }) => ({ key: raised, kind, target, since: createdAt }));
    },

    async takeDelivery(notificationId, owner, now) {
      const free = [{ takenBy: null }, { takenBy: owner }];
      const taken = await notifications.update(
        { notificationId, deliveries: duePart(now), $or: free },
        { $set: { takenBy: owner }, $inc: { takes: 1 } },
      );
      return taken === null ? null : toNotification(taken);
    },

    async delivering() {
      const taken = { undelivered: true, takenBy: op({ $type: 'string' }) };
      const found = await notifications.find(taken, { only: ['notificationId', 'takes'] });
      return found.map(({ notificationId, takes }) => ({
        ...{ kind: 'delivery' as const, id: notificationId, fence: takes, beat: 0 },
      }));
    },

    expireDelivery: (notificationId, seenTakes) =>
      notifications.change(
        { notificationId, takes: seenTakes, takenBy: op({ $type: 'string' }) },
        { $set: { takenBy: null } },
      ),

    async recordDelivery(notificationId, channel, { at, error, nextAttemptAt }) {
      const status = error === null ? 'delivered' : nextAttemptAt === null ? 'failed' : 'pending';
      const outcome = {
        'deliveries.$.status': status,
        'deliveries.$.lastError': error,
        'deliveries.$.deliveredAt': error === null ? at : null,
        'deliveries.$.nextAttemptAt': status === 'pending' ? nextAttemptAt : null,
      };
      const ofChannel = op({ $elemMatch: { channel, status: 'pending' } });
      await notifications.change(
        { notificationId, deliveries: ofChannel },
        { $set: outcome, $inc: { 'deliveries.$.attempts': 1 } },
      );
      // Nothing left that is due: the right to deliver is given back, and with nothing pending the notification rests.
      const free = { takenBy: null };
      await notifications.change({ notificationId, deliveries: op({ $not: duePart(at) }) }, { $set: free });
      const nothingPending = op({ $not: { $elemMatch: { status: 'pending' } } });
      await notifications.change({ notificationId, deliveries: nothingPending }, { $set: { undelivered: false } });
    },

    async undelivered(now) {
      const untold = await notifications.find({ 'recovery.notificationId': op({ $type: 'string' }) });
      for (const raised of untold) await tellRecovery(raised);
      const found = await notifications.find(
        { undelivered: true, deliveries: duePart(now), takenBy: null },
        { sort: { createdAt: 1 } },
      );
      return found.map((document) => ({ ...toNotification(document), takes: document.takes }));
    },

    purge: (createdBefore) =>
      notifications.removeAll({
        ...{ createdAt: op({ $lt: createdBefore }), undelivered: false, recovery: null },
        raised: op({ $exists: false }),
      }),
  };
}

/** Matches deliveries of which one is pending and due. */
function duePart(now: Date): Readonly<Record<string, unknown>> {
  return op({ $elemMatch: { status: 'pending', $or: [{ nextAttemptAt: null }, { nextAttemptAt: { $lte: now } }] } });
}

function deliveriesTo(channels: readonly string[]): Pick<NotificationDocument, 'deliveries' | 'undelivered'> {
  const deliveries = channels.map((channel): NotificationDelivery => ({
    ...{ channel, status: 'pending', attempts: 0 },
    ...{ lastError: null, deliveredAt: null, nextAttemptAt: null },
  }));
  return { deliveries, undelivered: channels.length > 0 };
}

function recoveredNotification(raised: NotificationDocument, recovery: PlannedRecovery): Partial<NotificationDocument> {
  const { notificationId, message, at, target, backupId } = recovery;
  return {
    ...{ notificationId, kind: 'recovered', of: raised.kind, target, backupId, message, hint: null, createdAt: at },
    correlationId: null,
    ...deliveriesTo(raised.deliveries.map(({ channel }) => channel)),
  };
}

function toNotification(document: NotificationDocument): NotificationRecord {
  const { notificationId, kind, of, target, backupId, correlationId, message, hint, createdAt, deliveries } = document;
  return { notificationId, kind, of, target, backupId, correlationId, message, hint, createdAt, deliveries };
}
