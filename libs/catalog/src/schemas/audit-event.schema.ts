import type { AuditRecord } from '#contracts';
import { date, recordSchema, text, textOrNull } from './schema-options.js';

export const auditEventSchema = recordSchema<AuditRecord>('audit', {
  at: date,
  event: text,
  actor: text,
  role: textOrNull,
  address: textOrNull,
  correlationId: textOrNull,
  resource: textOrNull,
  outcome: { ...text, enum: ['success', 'failure'] },
  detail: textOrNull,
});

auditEventSchema.index({ at: 1 });
