import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '#catalog';
import type { Clock, Random, StreamTicket } from '#contracts';
import type { Identity } from '../auth/identity.js';
import { CATALOG, CLOCK, RANDOM } from '../core/tokens.js';

const connectMs = 60_000;

export interface Admission {
  readonly identity: Identity;
  readonly resumeCode: string;
}

/**
 * Tickets for EventSource, which can send no token. A ticket stands in a URL, and URLs stand in logs: so it lets in once, within a minute. To come back after a
 * break one also needs the resume code, which is part of the ids of the stream and was seen by nobody else.
 */
@Injectable()
export class EventTickets {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  async issue(identity: Identity): Promise<{ ticket: string; expiresAt: Date; endsAt: Date }> {
    const ticket = this.random.bytes(32).toString('base64url');
    const { subject, tokenId, role, issuedAt, expiresAt: endsAt } = identity;
    const end = Math.min(this.clock.now().getTime() + connectMs, endsAt.getTime());
    const expiresAt = new Date(end);
    // Only a role gets as far as here.
    const record = { digest: digestOf(ticket), subject, tokenId, role: role ?? 'viewer', issuedAt, endsAt };
    await this.catalog.streamTickets.issue({ ...record, connectBefore: expiresAt });
    return { ticket, expiresAt, endsAt };
  }

  /** Null: it lets nobody in. Throws `catalog/…`. */
  async admit(ticket: string, resumeCode: string | null): Promise<Admission | null> {
    if (!/^[\w-]{43}$/.test(ticket)) return null;
    const now = this.clock.now();
    const digest = digestOf(ticket);
    if (resumeCode !== null) {
      const resumed = await this.catalog.streamTickets.resume(digest, digestOf(resumeCode), now);
      return resumed === null ? null : { identity: identityOf(resumed), resumeCode };
    }
    const fresh = this.random.bytes(16).toString('hex');
    const used = await this.catalog.streamTickets.use(digest, digestOf(fresh), now);
    return used === null ? null : { identity: identityOf(used), resumeCode: fresh };
  }
}

function identityOf({ subject, tokenId, role, issuedAt, endsAt }: StreamTicket): Identity {
  return { subject, tokenId, role, issuedAt, expiresAt: endsAt };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
