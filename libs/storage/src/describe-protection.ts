import { AppError } from '#contracts';
import type { ObjectLock, StoreProtection } from './object-store.js';

/** How a store guards objects, in words. Throws where a lock is asked for that the bucket cannot give: no backup could be written. */
export function describeProtection(protection: StoreProtection | null): string {
  if (protection === null) return 'none: what is removed is gone';
  const { versioning, objectLock, defaultLock, asked } = protection;
  if (asked !== null && objectLock === 'off')
    throw new AppError({
      code: 'store/unsupported',
      stage: 'store',
      message: 'A lock is asked for, and the bucket has object lock turned off: it takes no backup so',
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
  const lock = asked === null ? 'no lock is asked for' : `each backup is locked: ${describe(asked)}`;
  const own = defaultLock === null ? '' : `; the bucket locks everything by itself: ${describe(defaultLock)}`;
  return `${kept}; ${lock}${own}`;
}

/** What to think about, when all works; undefined: nothing. */
export function protectionDoubt(protection: StoreProtection | null): string | undefined {
  if (protection === null) return undefined;
  const { asked, objectLock, defaultLock } = protection;
  if (defaultLock !== null)
    return 'Every rewritten file (leases, marks) leaves a locked version: take the default retention off the bucket, and let S3_OBJECT_LOCK_MODE lock the backups alone';
  if (asked !== null && objectLock === 'unknown')
    return 'Whether the bucket has object lock must not be seen: grant s3:GetBucketObjectLockConfiguration, or look yourself';
  return undefined;
}

function describe({ mode, days }: ObjectLock): string {
  return `${mode}, ${days} ${days === 1 ? 'day' : 'days'}`;
}
