import type { ChainedAuditRecord } from '#contracts';
import { date, number, recordSchema, text, textOrNull } from './schema-options.js';

/** An entry under its number: that it is the id decides who writes the next one. */
export interface AuditEventDocument extends Omit<ChainedAuditRecord, 'sequence'> {
  readonly _id: number;
}

export const auditEventSchema = recordSchema<AuditEventDocument>('auditlog', {
  _id: number,
  at: date,
  event: text,
  actor: text,
  role: textOrNull,
  address: textOrNull,
  correlationId: textOrNull,
  resource: textOrNull,
  outcome: { ...text, enum: ['success', 'failure'] },
  detail: textOrNull,
  previousHash: text,
  hash: text,
});

auditEventSchema.index({ at: 1 });
auditEventSchema.index({ event: 1, _id: 1 });

/** How far the log got, beside the log: the end of it cannot be cut off unnoticed. */
export interface AuditHeadDocument {
  readonly name: string;
  readonly sequence: number;
  readonly hash: string;
}

export const auditHeadSchema = recordSchema<AuditHeadDocument>('audithead', {
  name: text,
  sequence: number,
  hash: text,
});

auditHeadSchema.index({ name: 1 }, { unique: true });
