import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '#catalog';
import type { Clock, PageSession, Random } from '#contracts';
import type { Identity } from '../auth/identity.js';
import { CATALOG, CLOCK, RANDOM } from '../core/tokens.js';
import type { Area } from './areas.js';

/** However long the token lives that it was begun with. */
export const sessionMs = 30 * 60_000;

/** What stands behind the cookies: kept in the catalogue, so that every replica knows them, and none of them is a token. */
@Injectable()
export class PageSessions {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  /** The text of a new cookie. Throws `catalog/…`. */
  async begin(identity: Identity, area: Area): Promise<{ text: string; endsAt: Date }> {
    const text = this.random.bytes(32).toString('base64url');
    const { subject, tokenId, issuedAt } = identity;
    const endsAt = new Date(Math.min(this.clock.now().getTime() + sessionMs, identity.expiresAt.getTime()));
    // Only a role gets as far as here.
    const session = { subject, tokenId, issuedAt, role: identity.role ?? area.role, area: area.name, endsAt };
    await this.catalog.pageSessions.begin({ digest: digestOf(text), ...session });
    return { text, endsAt };
  }

  async find(text: string, area: Area): Promise<Identity | null> {
    const session = await this.catalog.pageSessions.find(digestOf(text), area.name, this.clock.now());
    return session === null ? null : identityOf(session);
  }

  end(text: string): Promise<void> {
    return this.catalog.pageSessions.end(digestOf(text));
  }
}

function identityOf({ subject, tokenId, role, issuedAt, endsAt }: PageSession): Identity {
  return { subject, tokenId, role, issuedAt, expiresAt: endsAt };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
