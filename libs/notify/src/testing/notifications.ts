import type { NotificationDelivery, NotificationRecord } from '#contracts';

/** A notification as tests need it. */
export function notification(changes: Partial<NotificationRecord> = {}): NotificationRecord {
  return {
    notificationId: 'n-7f3a',
    kind: 'backup-failed',
    of: null,
    target: 'clinic',
    backupId: 'clinic-20260102T030405Z-abc123',
    correlationId: 'c-12345678',
    message: 'dump: connection to db.example:27017 was refused',
    hint: 'Check that the server runs',
    createdAt: new Date('2026-01-02T03:10:00.000Z'),
    deliveries: [],
    ...changes,
  };
}

export function pending(channel: string, changes: Partial<NotificationDelivery> = {}): NotificationDelivery {
  return {
    channel,
    status: 'pending',
    attempts: 0,
    lastError: null,
    deliveredAt: null,
    nextAttemptAt: null,
    ...changes,
  };
}
