import type { Role } from './tokens.js';

/** What the cookie of one of the API's own pages stands for: the token that its holder logged in with. */
export interface PageSession {
  /** SHA-256 of the cookie's text. */
  readonly digest: string;
  /** The pages that it opens, and no others. */
  readonly area: string;
  readonly subject: string;
  readonly tokenId: string;
  readonly role: Role;
  /** Of the token. */
  readonly issuedAt: Date;
  readonly endsAt: Date;
}
