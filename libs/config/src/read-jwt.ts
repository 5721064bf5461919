import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { algorithmOfKey, leastTokenSecretBytes, Secret, type TokenAlgorithm } from '#contracts';
import type { EnvironmentReader } from './environment-reader.js';

/** What a verifier knows: the algorithm follows from which variable is set, never from a token. */
export type VerifyingKey =
  | { readonly kind: 'secret'; readonly algorithm: 'HS256'; readonly secret: Secret }
  | { readonly kind: 'public'; readonly algorithm: Exclude<TokenAlgorithm, 'HS256'>; readonly pem: Secret };

/** What a maker of tokens knows. */
export type SigningKey =
  | { readonly kind: 'secret'; readonly algorithm: 'HS256'; readonly secret: Secret }
  | { readonly kind: 'private'; readonly algorithm: Exclude<TokenAlgorithm, 'HS256'>; readonly pem: Secret };

export interface TokenNames {
  readonly issuer: string;
  readonly audience: string;
  readonly roleClaim: string;
}

export function readTokenNames(reader: EnvironmentReader): TokenNames {
  return {
    issuer: reader.required('JWT_ISSUER'),
    audience: reader.required('JWT_AUDIENCE'),
    roleClaim: reader.required('JWT_ROLE_CLAIM'),
  };
}

export function readVerifyingKey(reader: EnvironmentReader): VerifyingKey {
  const secret = readSecret(reader);
  const pem = reader.secret('JWT_PUBLIC_KEY');
  if (secret !== undefined && pem !== undefined)
    reader.problem('JWT_SECRET and JWT_PUBLIC_KEY are both set: keep one of them');
  if (pem !== undefined) {
    return { kind: 'public', pem, algorithm: algorithmOf(reader, 'JWT_PUBLIC_KEY', () => publicKey(pem)) };
  }
  if (secret === undefined) {
    reader.problem(
      'JWT_SECRET is not set (or JWT_PUBLIC_KEY): without it nobody can be let in; 32 random bytes or more',
    );
  }
  // finish() throws when neither is set.
  return { kind: 'secret', algorithm: 'HS256', secret: secret ?? new Secret('') };
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
