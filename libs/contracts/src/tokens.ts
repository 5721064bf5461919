// What API, CLI and tests agree on about access tokens (spec/api.md). No code: each side signs or verifies with a library of its own.

/** Roles, from the least to the most: each may do what those before it may. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

export function isRole(value: unknown): value is Role {
  return roles.some((role) => role === value);
}

/** Whether `role` may do what asks for `needed`. */
export function mayAct(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/** No token lives longer: `exp` is at most so many seconds after `iat`. */
export const longestTokenSeconds = 24 * 3600;
/** A shorter HS256 secret can be guessed from one token. */
export const leastTokenSecretBytes = 32;
/** Claims besides the role that a token must carry; `iss` and `aud` have the configured values. */
export const requiredClaims = ['iss', 'aud', 'sub', 'iat', 'exp', 'jti'] as const;

export type TokenAlgorithm = 'HS256' | 'RS256' | 'ES256';

/** The algorithm that goes with an asymmetric key, from the key alone; undefined when tokens cannot be made with such a key. */
export function algorithmOfKey(key: {
  readonly asymmetricKeyType?: string | undefined;
  readonly asymmetricKeyDetails?:
    { readonly namedCurve?: string | undefined; readonly modulusLength?: number | undefined } | undefined;
}): Exclude<TokenAlgorithm, 'HS256'> | undefined {
  if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) return 'RS256';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  return undefined;
}
