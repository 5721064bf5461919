import type { TokenNames } from '#config';
import { isRole, longestTokenSeconds, roles, type Clock, type Role } from '#contracts';
import { plainText } from '../http/plain-text.js';
import type { Identity } from './identity.js';

// Signature, algorithm, `iss`, `aud`, `exp` and `nbf` were checked by passport-jwt; this is what it does not ask for.

const longestText = 200;
/** Clocks differ a little; a token from the future would outlive its day. */
const futureToleranceSeconds = 60;

/** The identity that verified claims stand for; null when one that must be there is missing or wrong. */
export function identityOf(
  claims: unknown,
  { roleClaim, roleMap }: Pick<TokenNames, 'roleClaim' | 'roleMap'>,
  clock: Clock,
): Identity | null {
  if (typeof claims !== 'object' || claims === null) return null;
  const { sub, jti, iat, exp } = claims as Record<string, unknown>;
  if (!isText(sub) || !isText(jti) || !isTime(iat) || !isTime(exp)) return null;
  if (exp <= iat || exp - iat > longestTokenSeconds) return null;
  if (iat > clock.now().getTime() / 1000 + futureToleranceSeconds) return null;
  return {
    subject: sub,
    tokenId: jti,
    role: roleOf(claimAt(claims, roleClaim), roleMap),
    issuedAt: new Date(iat * 1000),
    expiresAt: new Date(exp * 1000),
  };
}

/** The highest of those that its values stand for. A list counts only where a map says how it is meant: else a token has one role. */
function roleOf(claim: unknown, roleMap: TokenNames['roleMap']): Role | null {
  const values: readonly unknown[] = Array.isArray(claim) && roleMap.size > 0 ? claim : [claim];
  const found = new Set(
    values.map((value) => (typeof value === 'string' ? (roleMap.get(value) ?? value) : undefined)).filter(isRole),
  );
  return roles.findLast((role) => found.has(role)) ?? null;
}

/** A claim by its name as it stands, or by a path with dots (`realm_access.role`). */
function claimAt(claims: object, name: string): unknown {
  if (Object.hasOwn(claims, name)) return (claims as Record<string, unknown>)[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** Shown in logs, mails and terminals, and typed to revoke a token. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestText && plainText.test(value);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
