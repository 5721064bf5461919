import { anyText, date, part, partOrNull, recordSchema, text, textOrNull } from './schema-options.js';
import type { StoredReply } from '../contract/idempotency.js';

/** One key of one subject: the request that it stands for, who carries it out, and what came of it. */
export interface IdempotencyDocument {
  readonly digest: string;
  readonly fingerprint: string;
  readonly holder: string;
  readonly startedAt: Date;
  readonly reservedId: string | null;
  /** Null: under way. */
  readonly reply: StoredReply | null;
  readonly expiresAt: Date;
}

export const idempotencySchema = recordSchema<IdempotencyDocument>('idempotency', {
  digest: text,
  fingerprint: text,
  holder: text,
  startedAt: date,
  reservedId: textOrNull,
  reply: partOrNull(part({ location: textOrNull, body: anyText })),
  expiresAt: date,
});

idempotencySchema.index({ digest: 1 }, { unique: true });
// The server removes what is over; whoever reads looks at the time as well.
idempotencySchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });
