import type { PageSession, StreamTicket } from '#contracts';

/** Tickets that let event streams in without a token. Their texts are never kept, only digests. */
export interface StreamTicketRepository {
  issue(ticket: StreamTicket): Promise<void>;
  /** The first connection, before `connectBefore`; null: no such ticket, used, or too late. */
  use(digest: string, resumeDigest: string, now: Date): Promise<StreamTicket | null>;
  /** One more connection of a stream that broke, until its end; null: not the resume code of that stream. */
  resume(digest: string, resumeDigest: string, now: Date): Promise<StreamTicket | null>;
}

export interface RevokedToken {
  /** Its `jti`. */
  readonly tokenId: string;
  readonly revokedAt: Date;
  readonly revokedBy: string;
  readonly reason: string | null;
  /** Not before the token ends by itself. */
  readonly expiresAt: Date;
}

export interface RevocationRepository {
  /** A second time leaves the first as it is: when and by whom. */
  revoke(token: RevokedToken): Promise<void>;
  /** The ids of all that are revoked and have not ended by themselves. */
  all(now: Date): Promise<readonly string[]>;
}

/** Sessions of people on the API's own pages. The texts of cookies are never kept, only digests. */
export interface PageSessionRepository {
  begin(session: PageSession): Promise<void>;
  /** Null: none of this area, or over. */
  find(digest: string, area: string, now: Date): Promise<PageSession | null>;
  end(digest: string): Promise<void>;
}
