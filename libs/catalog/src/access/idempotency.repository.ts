import type { IdempotencyRepository } from '../contract/idempotency.js';
import type { IdempotencyDocument } from '../schemas/idempotency.schema.js';
import { op, type RecordCollection } from '../store/record-collection.js';
import { unavailable } from '../store/translate-error.js';

/** Each look that led to nothing means that somebody else got further. */
const mostLooks = 10;

export function idempotencyRepository(requests: RecordCollection<IdempotencyDocument>): IdempotencyRepository {
  return {
    async begin({ digest, fingerprint, holder, now, abandonedBefore, expiresAt }) {
      for (let look = 0; look < mostLooks; look += 1) {
        const inserted = await requests.insert({ digest, fingerprint, holder, startedAt: now, expiresAt });
        if (inserted !== null) return { outcome: 'begun', reservedId: null };
        const known = await requests.findOne({ digest });
        if (known === null) continue;
        if (known.expiresAt <= now) {
          await requests.remove({ digest, holder: known.holder, expiresAt: op({ $lte: now }) });
          continue;
        }
        if (known.fingerprint !== fingerprint) return { outcome: 'mismatch' };
        if (known.reply !== null) {
          const { location, body } = known.reply;
          return { outcome: 'replay', reply: { location, body } };
        }
        if (known.startedAt >= abandonedBefore) return { outcome: 'running' };
        const abandoned = { digest, holder: known.holder, reply: null };
        const taken = await requests.update(abandoned, { $set: { holder, startedAt: now } });
        if (taken !== null) return { outcome: 'begun', reservedId: taken.reservedId };
      }
      throw unavailable('too many requests meet with the same idempotency key');
    },
    reserve: (digest, holder, id) => requests.change({ digest, holder }, { $set: { reservedId: id } }),
    finish: (digest, holder, reply) => requests.change({ digest, holder }, { $set: { reply } }),
    async release(digest, holder) {
      await requests.remove({ digest, holder, reply: null });
    },
  };
}
