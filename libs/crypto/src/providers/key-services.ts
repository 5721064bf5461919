import type { AwsCredentials, Secret } from '#contracts';

/** Where an operator's keys live outside this process. Every one throws AppErrors of `keys/…` with their retry class, and none of them a secret. */
export interface KeyServices {
  /** AWS KMS: it wraps data keys, and its own key never leaves it. */
  readonly kms: KeyWrapper;
  /** AWS Secrets Manager: it keeps the text of a key. */
  readonly secrets: SecretReader;
}

export interface KeyWrapper {
  /** The data key as the service wraps it for this file: it opens with the same file id alone. `run/cancelled` when `signal` ends it. */
  wrap(keyArn: string, fileId: string, dek: Uint8Array, signal?: AbortSignal): Promise<Buffer>;
  /** The data key, in memory of its own; null when the service answered that it did not wrap this, or for another file. */
  unwrap(keyArn: string, fileId: string, wrapped: Uint8Array, signal?: AbortSignal): Promise<Buffer | null>;
}

export interface SecretReader {
  /** Its present text. `name` is an ARN or a name; `variable` says in messages who asked. `run/cancelled` when `signal` ends it. */
  read(name: string, variable: string, signal?: AbortSignal): Promise<Secret>;
}

/** What the AWS SDK is given; absent: its own chain of credentials and regions. */
export interface AwsAccess {
  readonly region?: string;
  readonly credentials?: AwsCredentials;
}
