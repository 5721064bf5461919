import type { Connection, Model, Schema } from 'mongoose';
import type { CopyRecord, PageSession, ScheduleRecord, WorkerReport } from '#contracts';
import type { RevokedToken } from '../contract/access.js';
import {
  auditEventSchema,
  auditHeadSchema,
  type AuditEventDocument,
  type AuditHeadDocument,
} from '../schemas/audit-event.schema.js';
import { backupSchema, type BackupDocument } from '../schemas/backup.schema.js';
import { copySchema } from '../schemas/copy.schema.js';
import { drillSchema, type DrillDocument } from '../schemas/drill.schema.js';
import { idempotencySchema, type IdempotencyDocument } from '../schemas/idempotency.schema.js';
import { markerSchema, type MarkerDocument } from '../schemas/marker.schema.js';
import { notificationSchema, type NotificationDocument } from '../schemas/notification.schema.js';
import { pageSessionSchema } from '../schemas/page-session.schema.js';
import { revokedTokenSchema } from '../schemas/revoked-token.schema.js';
import { scheduleStateSchema } from '../schemas/schedule-state.schema.js';
import { streamTicketSchema, type StreamTicketDocument } from '../schemas/stream-ticket.schema.js';
import { restoreSchema, type RestoreDocument } from '../schemas/restore.schema.js';
import { settingSchema, type SettingDocument } from '../schemas/setting.schema.js';
import { targetSchema, type TargetDocument } from '../schemas/target.schema.js';
import { taskSchema, type TaskDocument } from '../schemas/task.schema.js';
import { workerReportSchema } from '../schemas/worker-report.schema.js';

/** Every model of the catalogue: its name and its schema. */
export const schemas = {
  Backup: backupSchema,
  Task: taskSchema,
  Restore: restoreSchema,
  Drill: drillSchema,
  Copy: copySchema,
  ScheduleState: scheduleStateSchema,
  WorkerReport: workerReportSchema,
  Notification: notificationSchema,
  AuditEvent: auditEventSchema,
  AuditHead: auditHeadSchema,
  Setting: settingSchema,
  Target: targetSchema,
  StreamTicket: streamTicketSchema,
  Idempotency: idempotencySchema,
  RevokedToken: revokedTokenSchema,
  PageSession: pageSessionSchema,
  Marker: markerSchema,
} as const satisfies Record<string, Schema>;

export interface Models {
  readonly Backup: Model<BackupDocument>;
  readonly Task: Model<TaskDocument>;
  readonly Restore: Model<RestoreDocument>;
  readonly Drill: Model<DrillDocument>;
  readonly Copy: Model<CopyRecord>;
  readonly ScheduleState: Model<ScheduleRecord>;
  readonly WorkerReport: Model<WorkerReport>;
  readonly Notification: Model<NotificationDocument>;
  readonly AuditEvent: Model<AuditEventDocument>;
  readonly AuditHead: Model<AuditHeadDocument>;
  readonly Setting: Model<SettingDocument>;
  readonly Target: Model<TargetDocument>;
  readonly StreamTicket: Model<StreamTicketDocument>;
  readonly Idempotency: Model<IdempotencyDocument>;
  readonly RevokedToken: Model<RevokedToken>;
  readonly PageSession: Model<PageSession>;
  readonly Marker: Model<MarkerDocument>;
}

/** The models on a connection; made once a connection, whoever asks first. */
export function modelsOf(connection: Connection): Models {
  const model = <T>(name: keyof Models, schema: Schema<T>): Model<T> =>
    (connection.models[name] as Model<T> | undefined) ?? connection.model<T>(name, schema);
  return {
    Backup: model('Backup', backupSchema),
    Task: model('Task', taskSchema),
    Restore: model('Restore', restoreSchema),
    Drill: model('Drill', drillSchema),
    Copy: model('Copy', copySchema),
    ScheduleState: model('ScheduleState', scheduleStateSchema),
    WorkerReport: model('WorkerReport', workerReportSchema),
    Notification: model('Notification', notificationSchema),
    AuditEvent: model('AuditEvent', auditEventSchema),
    AuditHead: model('AuditHead', auditHeadSchema),
    Setting: model('Setting', settingSchema),
    Target: model('Target', targetSchema),
    StreamTicket: model('StreamTicket', streamTicketSchema),
    Idempotency: model('Idempotency', idempotencySchema),
    RevokedToken: model('RevokedToken', revokedTokenSchema),
    PageSession: model('PageSession', pageSessionSchema),
    Marker: model('Marker', markerSchema),
  };
}
