import { createHmac, createSign, randomUUID, type KeyObject } from 'node:crypto';
import type { HostileToken } from '../faults/hostile/hostile-tokens.js';

/** What a forger may have at hand. */
export interface Forge {
  readonly secret: string;
  /** PEM of the service's public key, and a private key that is not its own. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
  /** Stands for `SINK`. */
  readonly sink: string;
}

/** The Authorization header of a token as the data says it. */
export function forge(token: HostileToken, tools: Forge): string {
  if (token.authorization !== undefined) return token.authorization.replaceAll('TOKEN', signed({ claims: {} }, tools));
  return `Bearer ${signed(token, tools)}`;
}

function signed({ claims = {}, header = {}, sign = 'HS256' }: Partial<HostileToken>, tools: Forge): string {
  const now = Math.floor(Date.now() / 1000);
  const usual = {
    sub: 'forger',
    role: 'admin',
    iss: 'hazina',
    aud: 'hazina',
    jti: randomUUID(),
    iat: now,
    exp: now + 600,
  };
  const algorithms: Readonly<Record<string, string>> = { none: 'none', RS256: 'RS256', HS384: 'HS384', HS512: 'HS512' };
  const algorithm = algorithms[sign] ?? 'HS256';
  const head = encode({ alg: algorithm, typ: 'JWT', ...header }, tools, now);
  const text = `${head}.${encode({ ...usual, ...claims }, tools, now)}`;
  return `${text}.${signature(text, sign, tools)}`;
}

function signature(text: string, sign: NonNullable<HostileToken['sign']>, tools: Forge): string {
  const mac = (hash: string, key: string) => createHmac(hash, key).update(text).digest('base64url');
  switch (sign) {
    case 'none':
      return '';
    case 'RS256':
      return createSign('sha256').update(text).sign(tools.privateKey, 'base64url');
    case 'other-secret':
      return mac('sha256', 'a secret of somebody else, long enough');
    case 'empty-secret':
      return mac('sha256', '');
    case 'public-key':
      return mac('sha256', tools.publicKey);
    case 'HS256':
    case 'HS384':
    case 'HS512':
      return mac(`sha${sign.slice(2)}`, tools.secret);
  }
}

function encode(values: Readonly<Record<string, unknown>>, { sink }: Forge, now: number): string {
  const given = Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, timeOr(value, now)]]));
  return Buffer.from(JSON.stringify(Object.fromEntries(given)).replaceAll('SINK', sink)).toString('base64url');
}

/** `{in: seconds}` is a time from now. */
function timeOr(value: unknown, now: number): unknown {
  if (typeof value !== 'object' || value === null || !('in' in value)) return value;
  return now + Number(value.in);
}
