import type { RevokedToken } from '../contract/access.js';
import { date, recordSchema, text, textOrNull } from './schema-options.js';

export const revokedTokenSchema = recordSchema<RevokedToken>('revokedtokens', {
  tokenId: text,
  revokedAt: date,
  revokedBy: text,
  reason: textOrNull,
  expiresAt: date,
});

revokedTokenSchema.index({ tokenId: 1 }, { unique: true });
// When the token has ended by itself nobody needs to know any more.
revokedTokenSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });
