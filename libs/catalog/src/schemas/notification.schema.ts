import type { AlertKind, NotificationRecord } from '#contracts';
import {
  anyText,
  counter,
  date,
  dateOrNull,
  list,
  part,
  partOrNull,
  recordSchema,
  text,
  textOrNull,
  type Mutable,
} from './schema-options.js';

/** The message that all is well again, kept until it is a notification of its own. */
export interface PlannedRecovery {
  readonly notificationId: string;
  readonly message: string;
  readonly at: Date;
  readonly target: string | null;
  readonly backupId: string | null;
}

/**
 * A notification and the state that it tells of, in one document: so raising is one insert and clearing one update, and no crash leaves a state that
 * nobody was told of.
 */
export interface NotificationDocument extends Mutable<NotificationRecord> {
  /** The alert's key, while it is raised; otherwise absent, never null (the unique index is partial on strings). */
  raised?: string;
  recovery: PlannedRecovery | null;
  /** How often somebody took the right to deliver it: part of its jobs' ids. */
  takes: number;
  /** Who delivers it now; null: nobody. */
  takenBy: string | null;
  /** Has a channel that is pending. */
  undelivered: boolean;
}

export const alertKinds: readonly AlertKind[] = [
  'backup-failed',
  'verification-failed',
  'restore-failed',
  'drill-failed',
  'drill-overdue',
  'overdue',
  'no-worker',
  'quota-warning',
  'quota-critical',
  'superseded',
  'cleanup-failed',
  'keys-missing',
  'size-anomaly',
  'missing',
  'replica-behind',
  'store-unusable',
  'unusual-activity',
  'hook-failed',
  'recovered',
  'test',
];

const deliveryPart = part({
  channel: text,
  status: { ...text, enum: ['pending', 'delivered', 'failed'] },
  attempts: counter,
  lastError: textOrNull,
  deliveredAt: dateOrNull,
  nextAttemptAt: dateOrNull,
});
const recoveryPart = part({
  notificationId: text,
  message: anyText,
  at: date,
  target: textOrNull,
  backupId: textOrNull,
});

export const notificationSchema = recordSchema<NotificationDocument>('notifications', {
  notificationId: text,
  kind: { ...text, enum: [...alertKinds] },
  of: textOrNull,
  target: textOrNull,
  backupId: textOrNull,
  correlationId: textOrNull,
  message: anyText,
  hint: textOrNull,
  createdAt: date,
  deliveries: list(deliveryPart),
  raised: { type: String },
  recovery: partOrNull(recoveryPart),
  takes: counter,
  takenBy: textOrNull,
  undelivered: { type: Boolean, required: true },
});

notificationSchema.index({ notificationId: 1 }, { unique: true });
notificationSchema.index({ raised: 1 }, { unique: true, partialFilterExpression: { raised: { $type: 'string' } } });
// For removing old ones.
notificationSchema.index({ createdAt: 1 });
notificationSchema.index({ undelivered: 1, createdAt: 1 }, { partialFilterExpression: { undelivered: true } });
notificationSchema.index(
  { 'recovery.notificationId': 1 },
  { partialFilterExpression: { 'recovery.notificationId': { $type: 'string' } } },
);
