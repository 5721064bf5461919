import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { AuditRecord, ChainedAuditRecord } from '#contracts';
import type { AuditHead } from '../contract/audit.js';

const version = 'hazina-audit/1';
/** What the first entry follows. */
export const genesis: AuditHead = { sequence: 0, hash: '0'.repeat(64) };
/** The entry that says that those before it were removed. */
export const purgeEvent = 'audit_purge';

/** An entry as the next one after `previous`. */
export function chain(entry: AuditRecord, previous: AuditHead): ChainedAuditRecord {
  const { at, event, actor, role, address, correlationId, resource, outcome, detail } = entry;
  const sequence = previous.sequence + 1;
  const record = {
    ...{ sequence, at, event: stored(event), actor: stored(actor), role: storedOrNull(role) },
    ...{ address: storedOrNull(address), correlationId: storedOrNull(correlationId) },
    ...{ resource: storedOrNull(resource), outcome, detail: storedOrNull(detail), previousHash: previous.hash },
  };
  return { ...record, hash: hashOf(record) };
}

/** SHA-256 of the entry's values in a fixed order, its number and the hash before it among them. */
export function hashOf(record: Omit<ChainedAuditRecord, 'hash'>): string {
  const { sequence, previousHash, at, event, actor, role, address, correlationId, resource, outcome, detail } = record;
  const place = [version, sequence, previousHash, at.toISOString()];
  const values = [event, actor, role, address, correlationId, resource, outcome, detail];
  return createHash('sha256')
    .update(JSON.stringify([...place, ...values]))
    .digest('hex');
}

const purged = z.object({
  through: z.int().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  before: z.iso.datetime().optional(),
});

/** What a purge removed. The entry after the last one stays though it is as old: its hash covers its time, and the chain of all later ones covers its hash. */
export interface Purge extends AuditHead {
  /** Everything that was removed was older, and so is the entry that comes first now; null: an earlier version noted no such time, and kept no such entry. */
  readonly before: Date | null;
}

export function purgeDetail(last: AuditHead, before: Date): string {
  return JSON.stringify({ through: last.sequence, hash: last.hash, before: before.toISOString() });
}

/** What was removed, as a purge noted it; null when the entry is no such note. */
export function purgeOf({ event, detail }: Pick<AuditRecord, 'event' | 'detail'>): Purge | null {
  if (event !== purgeEvent || detail === null) return null;
  try {
    const { through, hash, before } = purged.parse(JSON.parse(detail));
    return { sequence: through, hash, before: before === undefined ? null : new Date(before) };
  } catch {
    return null;
  }
}

/** As the server gives it back: half of a character pair is replaced there, and the hash would not fit any more. */
function stored(text: string): string {
  return text.toWellFormed();
}

function storedOrNull(text: string | null): string | null {
  return text === null ? null : stored(text);
}
