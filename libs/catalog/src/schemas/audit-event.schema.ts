import { Schema } from 'mongoose';
import type { AuditRecord } from '#contracts';
import { date, schemaOptions, text, textOrNull } from './schema-options.js';

export const auditEventSchema = new Schema<AuditRecord>(
  {
    at: date,
    event: text,
    actor: text,
    role: textOrNull,
    address: textOrNull,
    correlationId: textOrNull,
    resource: textOrNull,
    outcome: { ...text, enum: ['success', 'failure'] },
    detail: textOrNull,
  },
  { ...schemaOptions, collection: 'audit' },
);

auditEventSchema.index({ at: 1 });
