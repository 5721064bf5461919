import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import {
  algorithmOfKey,
  hostOf,
  isForbiddenHost,
  isRole,
  leastTokenSecretBytes,
  roles,
  Secret,
  type Role,
  type TokenAlgorithm,
} from '#contracts';
import type { EnvironmentReader } from './environment-reader.js';

/** What a verifier knows: the algorithm follows from which variable is set, never from a token. */
export type VerifyingKey =
  | { readonly kind: 'secret'; readonly algorithm: 'HS256'; readonly secret: Secret }
  | { readonly kind: 'public'; readonly algorithm: Exclude<TokenAlgorithm, 'HS256'>; readonly pem: Secret }
  /** Keys of an identity provider, fetched from there; each has the algorithm that its kind tells. */
  | { readonly kind: 'remote'; readonly url: string };

/** What a maker of tokens knows. */
export type SigningKey =
  | { readonly kind: 'secret'; readonly algorithm: 'HS256'; readonly secret: Secret }
  | { readonly kind: 'private'; readonly algorithm: Exclude<TokenAlgorithm, 'HS256'>; readonly pem: Secret };

export interface TokenNames {
  readonly issuer: string;
  readonly audience: string;
  readonly roleClaim: string;
  /** What values of that claim stand for, beside the names of the roles; empty: nothing else. */
  readonly roleMap: ReadonlyMap<string, Role>;
}

export function readTokenNames(reader: EnvironmentReader): TokenNames {
  return {
    issuer: reader.required('JWT_ISSUER'),
    audience: reader.required('JWT_AUDIENCE'),
    roleClaim: reader.required('JWT_ROLE_CLAIM'),
    roleMap: readRoleMap(reader),
  };
}

/** `value=role,…`; a value may hold `=` itself. */
function readRoleMap(reader: EnvironmentReader): ReadonlyMap<string, Role> {
  const map = new Map<string, Role>();
  for (const pair of (reader.text('JWT_ROLE_MAP') ?? '').split(',').map((text) => text.trim())) {
    if (pair === '') continue;
    const at = pair.lastIndexOf('=');
    const [value, role] = [pair.slice(0, Math.max(at, 0)).trim(), pair.slice(at + 1).trim()];
    if (value === '' || !isRole(role))
      reader.problem(`JWT_ROLE_MAP: "${pair}" must be value=role, where the role is ${roles.join(', ')}`);
    else if (map.has(value)) reader.problem(`JWT_ROLE_MAP: "${value}" stands there twice`);
    else map.set(value, role);
  }
  return map;
}

export function readVerifyingKey(reader: EnvironmentReader): VerifyingKey {
  const secret = readSecret(reader);
  const pem = reader.secret('JWT_PUBLIC_KEY');
  const url = reader.text('JWT_JWKS_URI');
  const ways = { JWT_SECRET: secret, JWT_PUBLIC_KEY: pem, JWT_JWKS_URI: url };
  const set = Object.entries(ways).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (set.length > 1)
    reader.problem(`${set.join(' and ')} are ${set.length === 2 ? 'both' : 'all'} set: keep one of them`);
  if (url !== undefined) {
    checkKeysUrl(reader, url);
    return { kind: 'remote', url };
  }
  if (pem !== undefined) {
    return { kind: 'public', pem, algorithm: algorithmOf(reader, 'JWT_PUBLIC_KEY', () => publicKey(pem)) };
  }
  if (secret === undefined) {
    reader.problem(
      'JWT_SECRET is not set (or JWT_PUBLIC_KEY, or JWT_JWKS_URI): without it nobody can be let in; 32 random bytes or more',
    );
  }
  // finish() throws when none is set.
  return { kind: 'secret', algorithm: 'HS256', secret: secret ?? new Secret('') };
}

/** Who can change what comes from there can make tokens: no plain HTTP but to this machine, and no password in a URL that stands in logs. */
function checkKeysUrl(reader: EnvironmentReader, text: string): void {
  const url = URL.parse(text);
  const isLocal = url !== null && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)))
    reader.problem('JWT_JWKS_URI must be a URL that begins with https:// (http:// only to this machine itself)');
  else if (url.username !== '' || url.password !== '')
    reader.problem('JWT_JWKS_URI must not hold a user or a password: keys to verify with are public');
  else if (isForbiddenHost(hostOf(url)))
    reader.problem('JWT_JWKS_URI must not be a link-local, metadata or reserved address');
}

export function readSigningKey(reader: EnvironmentReader): SigningKey {
  const secret = readSecret(reader);
  const pem = reader.secret('JWT_PRIVATE_KEY');
  if (secret !== undefined && pem !== undefined)
    reader.problem('JWT_SECRET and JWT_PRIVATE_KEY are both set: keep one of them');
  if (pem !== undefined) {
    const algorithm = algorithmOf(reader, 'JWT_PRIVATE_KEY', () => createPrivateKey(pem.reveal()));
    return { kind: 'private', pem, algorithm };
  }
  if (secret === undefined) reader.problem('JWT_SECRET is not set (or JWT_PRIVATE_KEY): tokens are signed with it');
  return { kind: 'secret', algorithm: 'HS256', secret: secret ?? new Secret('') };
}

function readSecret(reader: EnvironmentReader): Secret | undefined {
  const secret = reader.secret('JWT_SECRET');
  if (secret !== undefined && Buffer.byteLength(secret.reveal()) < leastTokenSecretBytes)
    reader.problem(`JWT_SECRET must have at least ${leastTokenSecretBytes} bytes`);
  return secret;
}

/** A private key would be turned into its public half silently; whoever mounts one here has mixed up two files. */
function publicKey(pem: Secret): KeyObject {
  if (pem.reveal().includes('PRIVATE KEY')) throw new Error('private');
  return createPublicKey(pem.reveal());
}

function algorithmOf(
  reader: EnvironmentReader,
  name: 'JWT_PUBLIC_KEY' | 'JWT_PRIVATE_KEY',
  load: () => KeyObject,
): Exclude<TokenAlgorithm, 'HS256'> {
  const which = name === 'JWT_PUBLIC_KEY' ? 'public' : 'private';
  let algorithm: Exclude<TokenAlgorithm, 'HS256'> | undefined;
  try {
    algorithm = algorithmOfKey(load());
  } catch {
    // Why it cannot be read would only quote from it.
  }
  if (algorithm === undefined)
    reader.problem(`${name} must be the PEM of a ${which} RSA key of at least 2048 bits, or of a ${which} P-256 key`);
  return algorithm ?? 'RS256';
}
