import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '#catalog';
import type { Clock, PageSession, Random } from '#contracts';
import type { Identity } from '../auth/identity.js';
import { Recent } from '../backups/recent.js';
import { CATALOG, CLOCK, RANDOM } from '../core/tokens.js';
import type { Area } from './areas.js';

/** However long the token lives that it was begun with. */
export const sessionMs = 30 * 60_000;

/** A page asks for a dozen files at once: the catalogue is asked for its session once. One that was ended at another replica may last so long here. */
const rememberedMs = 2_000;

/** What stands behind the cookies: kept in the catalogue, so that every replica knows them, and none of them is a token. */
@Injectable()
export class PageSessions {
  readonly #known: Recent<PageSession | null>;

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {
    const monotonicMs = (): number => this.clock.monotonicMs();
    this.#known = new Recent({ leastMs: rememberedMs, mostMs: rememberedMs, monotonicMs });
  }

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

  /** Throws `catalog/…`. */
  async find(text: string, area: Area): Promise<Identity | null> {
    const digest = digestOf(text);
    const now = this.clock.now();
    const look = (): Promise<PageSession | null> => this.catalog.pageSessions.find(digest, area.name, now);
    const session = await this.#known.get(keyOf(digest, area), look);
    return session !== null && session.endsAt > now ? identityOf(session) : null;
  }

  async end(text: string, area: Area): Promise<void> {
    const digest = digestOf(text);
    await this.catalog.pageSessions.end(digest);
    this.#known.forget(keyOf(digest, area));
  }
}

function keyOf(digest: string, area: Area): string {
  return `${area.name}/${digest}`;
}

function identityOf({ subject, tokenId, role, issuedAt, endsAt }: PageSession): Identity {
  return { subject, tokenId, role, issuedAt, expiresAt: endsAt };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
