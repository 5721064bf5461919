import { AppError } from '#contracts';
import type { ObjectLock, StoreProtection } from './object-store.js';

/** A lock that a bucket is asked for, and the setting that asks for it. */
export interface LockAsk extends ObjectLock {
  readonly by: string;
}

const ofEnvironment = 'S3_OBJECT_LOCK_MODE';
/** So many are named. */
const mostNamed = 5;

/**
 * How a store guards objects, in words. Throws where a lock is asked for that the bucket cannot give: no such backup could be written. `asks`: of all that is written
 * there; default: what the store itself asks for.
 */
export function describeProtection(
  protection: StoreProtection | null,
  asks: readonly LockAsk[] = ownAsk(protection),
): string {
  if (protection === null) return 'none: what is removed is gone';
  const { versioning, objectLock, defaultLock } = protection;
  if (asks.length > 0 && objectLock === 'off')
    throw new AppError({
      code: 'store/unsupported',
      stage: 'store',
      message: `A lock is asked for (${named(asks.map(({ by }) => by))}), and the bucket has object lock turned off: it takes no backup so`,
      hint: 'Make the bucket with object lock (on AWS it can also be turned on later, with versioning), or unset S3_OBJECT_LOCK_MODE (of a destination or a target: objectLock)',
    });
  const kept =
    versioning === 'unknown'
      ? 'whether versions are kept must not be seen (s3:GetBucketVersioning)'
      : versioning === 'off'
        ? 'no versions are kept'
        : versioning === 'on'
          ? 'versions are kept, and a deletion removes them all'
          : 'versions are kept no more, and a deletion removes the older ones too';
  const own = defaultLock === null ? '' : `; the bucket locks everything by itself: ${describe(defaultLock)}`;
  return `${kept}; ${describeAsks(asks)}${own}`;
}

/** What to think about, when all works; undefined: nothing. */
export function protectionDoubt(
  protection: StoreProtection | null,
  asks: readonly LockAsk[] = ownAsk(protection),
): string | undefined {
  if (protection === null) return undefined;
  const { objectLock, defaultLock } = protection;
  if (defaultLock !== null)
    return 'Every rewritten file (leases, marks) leaves a locked version: take the default retention off the bucket, and let S3_OBJECT_LOCK_MODE lock the backups alone';
  if (asks.length > 0 && objectLock === 'unknown')
    return 'Whether the bucket has object lock must not be seen: grant s3:GetBucketObjectLockConfiguration, or look yourself';
  return undefined;
}

function ownAsk(protection: StoreProtection | null): readonly LockAsk[] {
  const asked = protection?.asked ?? null;
  return asked === null ? [] : [{ ...asked, by: ofEnvironment }];
}

function describeAsks(asks: readonly LockAsk[]): string {
  const [first] = asks;
  if (first === undefined) return 'no lock is asked for';
  if (asks.length === 1 && first.by === ofEnvironment) return `each backup is locked: ${describe(first)}`;
  return `backups are locked: ${named(asks.map((ask) => `${describe(ask)} (${ask.by})`))}`;
}

function named(texts: readonly string[]): string {
  const more = texts.length - mostNamed;
  return [...texts.slice(0, mostNamed), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function describe({ mode, days }: ObjectLock): string {
  return `${mode}, ${days} ${days === 1 ? 'day' : 'days'}`;
}
