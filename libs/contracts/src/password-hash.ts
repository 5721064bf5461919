import { scrypt, timingSafeEqual } from 'node:crypto';
import type { Random } from './environment.js';

/** `scrypt$N$r$p$salt$hash`, salt and hash in base64: the form of ADMIN_PASSWORD_HASH. */
export interface PasswordHash {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

// 32 MiB and about a tenth of a second a guess: one of OWASP's equal choices, and the one that leaves room for several logins at once.
const usual = { cost: 2 ** 15, blockSize: 8, parallelization: 3 } as const;
const hashBytes = 32;
const saltBytes = 16;
// What a hash may ask of the machine: a login must not become a way to exhaust it.
const mostMemory = 256 * 1024 * 1024;

export async function hashPassword(password: string, random: Random): Promise<string> {
  const salt = random.bytes(saltBytes);
  const hash = await derive(password, { ...usual, salt, hash: Buffer.alloc(hashBytes) });
  const { cost, blockSize, parallelization } = usual;
  return ['scrypt', cost, blockSize, parallelization, salt.toString('base64'), hash.toString('base64')].join('$');
}

/** Null: the text is no such hash, or one that asks too much or too little. */
export function parsePasswordHash(text: string): PasswordHash | null {
  const match = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9+/_-]+={0,2})\$([A-Za-z0-9+/_-]+={0,2})$/.exec(
    text,
  );
  if (match === null) return null;
  const [cost = 0, blockSize = 0, parallelization = 0] = match.slice(1, 4).map(Number);
  const salt = Buffer.from(match[4] ?? '', 'base64');
  const hash = Buffer.from(match[5] ?? '', 'base64');
  const powerOfTwo = cost >= 2 ** 14 && (cost & (cost - 1)) === 0;
  if (!powerOfTwo || blockSize < 1 || parallelization < 1 || parallelization > 16) return null;
  if (128 * cost * blockSize > mostMemory || salt.length < 8 || hash.length < 16 || hash.length > 128) return null;
  return { cost, blockSize, parallelization, salt, hash };
}

/** In a time that does not depend on where the two differ. */
export async function verifyPassword(password: string, stored: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, stored), stored.hash);
}

function derive(password: string, { cost, blockSize, parallelization, salt, hash }: PasswordHash): Promise<Buffer> {
  const options = { N: cost, r: blockSize, p: parallelization, maxmem: 2 * mostMemory };
  return new Promise((resolve, reject) => {
    // NFC: the same password typed on another system has the same bytes.
    scrypt(password.normalize('NFC'), salt, hash.length, options, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}
