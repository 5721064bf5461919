import {
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type ObjectLockConfiguration,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ObjectLock, StoreProtection } from '../object-store.js';
import { isUntold, statusOf } from './translate-error.js';

interface SendOptions {
  readonly abortSignal?: AbortSignal;
}

/** What the bucket itself says of versions and locks. */
export async function readProtection(
  client: S3Client,
  Bucket: string,
  asked: ObjectLock | undefined,
  options: SendOptions,
): Promise<StoreProtection> {
  const versioning = await readVersioning(client, Bucket, options);
  const lock = await lockConfigurationOf(client, Bucket, options);
  return {
    versioning,
    objectLock: lock === 'unknown' ? 'unknown' : lock?.ObjectLockEnabled === 'Enabled' ? 'on' : 'off',
    defaultLock: lock === 'unknown' ? null : defaultLockOf(lock),
    asked: asked ?? null,
  };
}

/** `unknown`: who asks may not know. */
export async function readVersioning(
  client: S3Client,
  Bucket: string,
  options: SendOptions,
): Promise<StoreProtection['versioning']> {
  try {
    const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket }), options);
    return Status === 'Enabled' ? 'on' : Status === 'Suspended' ? 'suspended' : 'off';
  } catch (error) {
    if (isUntold(error)) return 'unknown';
    throw error;
  }
}

async function lockConfigurationOf(
  client: S3Client,
  Bucket: string,
  options: SendOptions,
): Promise<ObjectLockConfiguration | undefined | 'unknown'> {
  try {
    return (await client.send(new GetObjectLockConfigurationCommand({ Bucket }), options)).ObjectLockConfiguration;
  } catch (error) {
    // Of a bucket without lock: it has no such configuration.
    if (statusOf(error) === 404) return undefined;
    if (isUntold(error)) return 'unknown';
    throw error;
  }
}

/** What a bucket locks by itself; null: nothing. */
export function defaultLockOf(lock: ObjectLockConfiguration | undefined): ObjectLock | null {
  const { Mode, Days, Years } = lock?.Rule?.DefaultRetention ?? {};
  if (Mode === undefined) return null;
  return { mode: Mode === 'COMPLIANCE' ? 'compliance' : 'governance', days: Days ?? (Years ?? 0) * 365 };
}
