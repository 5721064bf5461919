import {
  HeadObjectCommand,
  ListObjectsV2Command,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { foreverLocked, type ObjectHead } from '../object-store.js';
import { statusOf } from './translate-error.js';

/** HEAD of an object; null when it is definitely not there. */
export async function headObject(
  client: S3Client,
  at: { readonly Bucket: string; readonly Key: string },
  options: { readonly abortSignal?: AbortSignal },
): Promise<ObjectHead | null> {
  try {
    const found = await client.send(new HeadObjectCommand(at), options);
    const lockedUntil = lockOf(found);
    return {
      bytes: found.ContentLength ?? 0,
      etag: found.ETag ?? '',
      lastModified: found.LastModified ?? new Date(0),
      ...(lockedUntil === undefined ? {} : { lockedUntil }),
    };
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    // A HEAD has no body that could tell a missing bucket, or credentials unknown, from a missing object.
    await client
      .send(new ListObjectsV2Command({ Bucket: at.Bucket, MaxKeys: 1 }), options)
      .catch((bucketError: unknown) => {
        if (statusOf(bucketError) !== 403) throw bucketError;
      });
    return null;
  }
}

/** Without the right to read retention a store tells nothing, and its refusal of the DELETE is all there is. */
function lockOf({ ObjectLockLegalHoldStatus, ObjectLockRetainUntilDate }: HeadObjectCommandOutput): Date | undefined {
  return ObjectLockLegalHoldStatus === 'ON' ? foreverLocked : ObjectLockRetainUntilDate;
}
