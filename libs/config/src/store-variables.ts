import type { Variable } from './variable.js';

/** How a bucket is reached, and what objects in it become. */
export const storeVariables = [
  {
    name: 'AWS_ACCESS_KEY_ID',
    secret: true,
    meaning: 'S3 credentials; unset: roles, profiles and the rest of the AWS SDK chain',
  },
  { name: 'AWS_SECRET_ACCESS_KEY', secret: true, meaning: 'goes with AWS_ACCESS_KEY_ID' },
  { name: 'AWS_SESSION_TOKEN', secret: true, meaning: 'goes with temporary credentials' },
  {
    name: 'AWS_REGION',
    meaning: 'region of the bucket; unset: from the AWS SDK chain, us-east-1 with an endpoint of your own',
  },
  { name: 'S3_BACKUP_BUCKET', meaning: 'set: S3 is the store' },
  { name: 'S3_BACKUP_PREFIX', default: 'mongodb-backups/', meaning: 'every key in the bucket begins with it' },
  { name: 'S3_ENDPOINT', meaning: 'URL of an S3-compatible store; unset: AWS' },
  { name: 'S3_FORCE_PATH_STYLE', meaning: 'true or false; unset: true with S3_ENDPOINT' },
  {
    name: 'S3_SSE',
    meaning: 'server-side encryption: AES256, aws:kms or none; unset: AES256 on AWS, none with S3_ENDPOINT',
  },
  { name: 'S3_SSE_KMS_KEY_ID', meaning: 'key of S3_SSE=aws:kms' },
  {
    name: 'S3_CHECKSUMS',
    default: 'auto',
    meaning: 'when-supported, when-required or auto (on AWS when-supported, elsewhere when-required)',
  },
  {
    name: 'S3_PART_SIZE',
    meaning: 'bytes of a part of an upload, at least 5 MiB; unset: planned from the size to expect',
  },
  { name: 'S3_UPLOAD_CONCURRENCY', default: '4', meaning: 'parts in flight, 1 to 16' },
  {
    name: 'S3_OBJECT_LOCK_MODE',
    meaning:
      'governance or compliance: each backup is put under the object lock of the bucket, which must have it turned on; unset: no lock is asked for',
  },
  {
    name: 'S3_OBJECT_LOCK_DAYS',
    meaning: 'days that the lock holds, from the writing; fractions allowed; goes with S3_OBJECT_LOCK_MODE',
  },
  {
    name: 'S3_STORAGE_CLASS',
    meaning:
      'class of the data objects: STANDARD, STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR, or GLACIER and DEEP_ARCHIVE, which must be brought back before any use; unset: that of the bucket',
  },
  {
    name: 'S3_PROXY_URL',
    secret: true,
    meaning: 'HTTP(S) proxy on the way to S3, used by CONNECT: http://user:password@host:3128; unset: HTTPS_PROXY',
  },
  {
    name: 'HTTPS_PROXY',
    secret: true,
    meaning: 'proxy of https endpoints of S3 where S3_PROXY_URL is not set; unset: none',
  },
  { name: 'NO_PROXY', meaning: 'hosts and domains, separated by commas, that HTTPS_PROXY is not for; *: none' },
  {
    name: 'S3_CA_FILE',
    meaning: 'PEM file of authorities that vouch for the store, beside those that this machine trusts',
  },
] as const satisfies readonly Variable[];
