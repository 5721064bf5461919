import { createHash } from 'node:crypto';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import type { Clock } from '#contracts';
import type { ObjectLock } from '../object-store.js';

/** How an object is to lie in the bucket: what a put and the beginning of an upload say alike. */
export type Placement = Pick<
  PutObjectCommandInput,
  'ServerSideEncryption' | 'SSEKMSKeyId' | 'StorageClass' | 'ObjectLockMode' | 'ObjectLockRetainUntilDate'
>;

const dayMs = 86_400_000;

export function lockHeaders({ mode, days }: ObjectLock, clock: Clock): Placement {
  return {
    ObjectLockMode: mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE',
    ObjectLockRetainUntilDate: new Date(clock.now().getTime() + days * dayMs),
  };
}

/** S3 takes a lock only with proof that the bytes arrived as they were sent: where the SDK adds no checksum, the oldest one that every store knows. */
export function withLock(
  placement: Placement,
  bytes: Uint8Array,
  checksums: boolean,
): Placement & { readonly ContentMD5?: string } {
  if (placement.ObjectLockMode === undefined || checksums) return placement;
  return { ...placement, ContentMD5: md5(bytes) };
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64');
}
