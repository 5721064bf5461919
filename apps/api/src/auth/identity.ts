import { createHash } from 'node:crypto';
import type { Role } from '#contracts';

/** Who asks, from a token that was verified. */
export interface Identity {
  readonly subject: string;
  readonly tokenId: string;
  /** Null: the token names none that is known. It lets nobody do anything. */
  readonly role: Role | null;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** One token among others, for counting; tells nothing of it. */
export function tokenDigest(identity: Identity): string {
  return createHash('sha256')
    .update(JSON.stringify([identity.subject, identity.tokenId]))
    .digest('base64url')
    .slice(0, 22);
}
