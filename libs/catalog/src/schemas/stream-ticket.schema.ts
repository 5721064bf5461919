import { roles, type StreamTicket } from '#contracts';
import { date, dateOrNull, recordSchema, text, textOrNull } from './schema-options.js';

export interface StreamTicketDocument extends StreamTicket {
  readonly usedAt: Date | null;
  /** SHA-256 of what the ids of its stream carry; null before it was used. */
  readonly resumeDigest: string | null;
}

export const streamTicketSchema = recordSchema<StreamTicketDocument>('streamtickets', {
  digest: text,
  subject: text,
  tokenId: text,
  role: { ...text, enum: [...roles] },
  issuedAt: date,
  connectBefore: date,
  endsAt: date,
  usedAt: dateOrNull,
  resumeDigest: textOrNull,
});

streamTicketSchema.index({ digest: 1 }, { unique: true });
// The server removes what is over; whoever reads looks at the time as well.
streamTicketSchema.index({ endsAt: 1 }, { expireAfterSeconds: 0 });
