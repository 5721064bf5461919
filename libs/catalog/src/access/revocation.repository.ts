import type { RevocationRepository, RevokedToken } from '../contract/access.js';
import { op, type RecordCollection } from '../store/record-collection.js';

export function revocationRepository(tokens: RecordCollection<RevokedToken>): RevocationRepository {
  return {
    revoke: ({ tokenId, ...more }) => tokens.upsert({ tokenId }, { $setOnInsert: more }),
    async all(now) {
      const found = await tokens.find({ expiresAt: op({ $gt: now }) }, { only: ['tokenId'] });
      return found.map(({ tokenId }) => tokenId);
    },
  };
}
