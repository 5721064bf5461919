import type { PageSession } from '#contracts';
import type { PageSessionRepository } from '../contract/access.js';
import { op, type RecordCollection } from '../store/record-collection.js';

export function pageSessionRepository(sessions: RecordCollection<PageSession>): PageSessionRepository {
  return {
    async begin(session) {
      await sessions.insert(session);
    },
    async find(digest, area, now) {
      const found = await sessions.findOne({ digest, area, endsAt: op({ $gt: now }) });
      if (found === null) return null;
      const { subject, tokenId, role, issuedAt, endsAt } = found;
      return { digest, area, subject, tokenId, role, issuedAt, endsAt };
    },
    async end(digest) {
      await sessions.remove({ digest });
    },
  };
}
