import type { StreamTicket } from '#contracts';
import type { StreamTicketRepository } from '../contract/access.js';
import type { StreamTicketDocument } from '../schemas/stream-ticket.schema.js';
import { op, type RecordCollection } from '../store/record-collection.js';

export function streamTicketRepository(tickets: RecordCollection<StreamTicketDocument>): StreamTicketRepository {
  return {
    async issue(ticket) {
      await tickets.insert(ticket);
    },
    async use(digest, resumeDigest, now) {
      const unused = { digest, usedAt: null, connectBefore: op({ $gt: now }), endsAt: op({ $gt: now }) };
      return toTicket(await tickets.update(unused, { $set: { usedAt: now, resumeDigest } }));
    },
    async resume(digest, resumeDigest, now) {
      return toTicket(await tickets.findOne({ digest, resumeDigest, endsAt: op({ $gt: now }) }));
    },
  };
}

function toTicket(document: StreamTicketDocument | null): StreamTicket | null {
  if (document === null) return null;
  const { digest, subject, tokenId, role, issuedAt, connectBefore, endsAt } = document;
  return { digest, subject, tokenId, role, issuedAt, connectBefore, endsAt };
}
