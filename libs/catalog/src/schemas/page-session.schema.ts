import { roles, type PageSession } from '#contracts';
import { date, recordSchema, text } from './schema-options.js';

export const pageSessionSchema = recordSchema<PageSession>('pagesessions', {
  digest: text,
  area: text,
  subject: text,
  tokenId: text,
  role: { ...text, enum: [...roles] },
  issuedAt: date,
  endsAt: date,
});

pageSessionSchema.index({ digest: 1 }, { unique: true });
// The server removes what is over; whoever reads looks at the time as well.
pageSessionSchema.index({ endsAt: 1 }, { expireAfterSeconds: 0 });
