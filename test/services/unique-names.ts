import { randomBytes } from 'node:crypto';

/** A database name that no other test has. */
export function uniqueDatabase(prefix = 'test'): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}

/** A bucket name (lower case, digits, hyphens) that no other test has. */
export function uniqueBucket(prefix = 'test'): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}
