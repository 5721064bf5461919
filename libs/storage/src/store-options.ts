import type { AwsCredentials, Clock, ResolveHost, Secret } from '#contracts';
import type { ObjectLock, StorageClass } from './object-store.js';

export type StoreOptions = S3StoreOptions | DirectoryStoreOptions;

/** A request that is sent to a store once more. */
export interface RepeatedRequest {
  /** `UploadPart`, or a whole call: `putBytes`. */
  readonly operation: string;
  readonly key: string | undefined;
  readonly part?: number | undefined;
  /** Of this one: the first repetition is the second attempt. */
  readonly attempt: number;
  /** What became of the attempt before: the store's word for it, or the code of our error. */
  readonly reason: string;
}

export type TellRepetition = (repeated: RepeatedRequest) => void;

export interface DirectoryStoreOptions {
  readonly kind: 'directory';
  /** Absolute. */
  readonly directory: string;
}

export interface S3StoreOptions {
  readonly kind: 's3';
  readonly bucket: string;
  /** Without leading slashes, one slash at the end unless empty. */
  readonly prefix: string;
  readonly region?: string;
  /** URL of an S3-compatible store; absent: AWS. */
  readonly endpoint?: string;
  readonly forcePathStyle: boolean;
  readonly sse: 'AES256' | 'aws:kms' | 'none';
  readonly sseKmsKeyId?: string;
  /** `auto`: `when-supported` on AWS, `when-required` elsewhere. */
  readonly checksums: 'auto' | 'when-supported' | 'when-required';
  /** Absent: the AWS SDK's own chain (roles, profiles). */
  readonly credentials?: AwsCredentials;
  /** How long what is put with `lock` is held; absent: no lock is asked for (the bucket may have a default of its own). */
  readonly objectLock?: ObjectLock;
  /** Where what is put with `bulk` lies. Default: the bucket's own, STANDARD. */
  readonly storageClass?: StorageClass;
  /** URL of the proxy that requests go through, by CONNECT; may hold its credentials. */
  readonly proxy?: Secret;
  /** PEM certificates that vouch for the store, beside those that this machine trusts anyhow. */
  readonly ca?: string;
  /** Of locks. Default: the system's. */
  readonly clock?: Clock;
  /** Bytes; absent: planned from the size to expect. */
  readonly partSize?: number;
  readonly uploadConcurrency: number;
  /** A connection that moves no byte for so long is broken off. Default 60,000. */
  readonly socketTimeoutMs?: number;
  /** Tries of one request. Default 5. */
  readonly maxAttempts?: number;
  /** Addresses of host names. Default: the system's. */
  readonly resolve?: ResolveHost;
}
