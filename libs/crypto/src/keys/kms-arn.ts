import { createHash } from 'node:crypto';

/** Of a key itself: an alias may come to mean another one. */
export const kmsArnPattern = /^arn:[a-z0-9-]+:kms:([a-z0-9-]+):[0-9]{12}:key\/[A-Za-z0-9-]+$/;

/** The region that a key lives in. */
export function regionOfArn(keyArn: string): string | undefined {
  return kmsArnPattern.exec(keyArn)?.[1];
}

/** The name of a key in AWS KMS (docs/container-format.md, Slots). */
export function kmsKeyIdOf(keyArn: string): string {
  return createHash('sha256').update(keyArn, 'utf8').digest().subarray(0, 8).toString('hex');
}
