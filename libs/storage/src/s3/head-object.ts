import {
  HeadObjectCommand,
  ListObjectsV2Command,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { foreverLocked, type ObjectHead } from '../object-store.js';
import { coldStateOf } from './cold-object.js';
import { statusOf } from './translate-error.js';

interface At {
  readonly Bucket: string;
  readonly Key: string;
}

interface SendOptions {
  readonly abortSignal?: AbortSignal;
}

/** HEAD of an object; null when it is definitely not there. */
export async function headObject(client: S3Client, at: At, options: SendOptions): Promise<ObjectHead | null> {
  try {
    return await head(client, at, options);
  } catch (error) {
    // A refusal of a HEAD has no body that could tell an expired token or a clock that is off from a missing right: a listing is refused with the reason.
    if (statusOf(error) === 400 || statusOf(error) === 403) {
      await list(client, at, options);
      return head(client, at, options);
    }
    if (statusOf(error) !== 404) throw error;
    // Nor could it tell a missing bucket, or credentials unknown, from a missing object.
    await list(client, at, options).catch((bucketError: unknown) => {
      if (statusOf(bucketError) !== 403) throw bucketError;
    });
    return null;
  }
}

async function list(client: S3Client, { Bucket }: At, options: SendOptions): Promise<void> {
  await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 1 }), options);
}

async function head(client: S3Client, at: At, options: SendOptions): Promise<ObjectHead> {
  const found = await client.send(new HeadObjectCommand(at), options);
  const lockedUntil = lockOf(found);
  const cold = coldStateOf(found);
  return {
    bytes: found.ContentLength ?? 0,
    etag: found.ETag ?? '',
    lastModified: found.LastModified ?? new Date(0),
    ...(lockedUntil === undefined ? {} : { lockedUntil }),
    ...(cold === undefined ? {} : { cold }),
  };
}

/** Without the right to read retention a store tells nothing, and its refusal of the DELETE is all there is. */
export function lockOf({
  ObjectLockLegalHoldStatus,
  ObjectLockRetainUntilDate,
}: HeadObjectCommandOutput): Date | undefined {
  return ObjectLockLegalHoldStatus === 'ON' ? foreverLocked : ObjectLockRetainUntilDate;
}
