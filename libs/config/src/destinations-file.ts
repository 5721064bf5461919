import { z } from 'zod';
import { destinationPattern } from '#contracts';
import { rateOrOff } from './read-throttle.js';
import { retentionFields } from './retention-fields.js';
import { objectLock } from './placement-fields.js';
import { storageClasses } from './store-guards.js';

// `destinations` of BACKUP_TARGETS_FILE: where copies of backups go besides the primary store, which is that of the environment.

const variable = (what: string) =>
  z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of a variable, such as OFFSITE_ACCESS_KEY_ID')
    .optional()
    .describe(`Name of the environment variable that holds ${what} (or, with _FILE, the path of a file with it)`);

const shared = {
  retention: z
    .strictObject(retentionFields)
    .optional()
    .describe(
      'What is kept there; rules that it leaves out are those of the environment. Default: as long as in the primary store',
    ),
  verify: z
    .enum(['stored', 'readable', 'off'])
    .optional()
    .describe('How each copy is verified, read back from there. Default: stored'),
  quotaBytes: z
    .int()
    .min(1)
    .optional()
    .describe('Room for copies there; told of at 80 and 95 % of it. Default: no such limit'),
  quotaPolicy: z
    .enum(['warn', 'refuse'])
    .optional()
    .describe('Over quotaBytes: warn, or copy nothing for which there is no room. Default: warn'),
  throttleBytesPerSecond: rateOrOff
    .optional()
    .describe(
      'Bytes a second that a copy is written there with, at most; off: as fast as it goes. Default: BACKUP_STORE_THROTTLE_BYTES_PER_SECOND',
    ),
};

const bucket = z.strictObject({
  kind: z.literal('s3'),
  bucket: z.string().min(1).describe('Name of the bucket'),
  prefix: z.string().optional().describe('Where in it. Default: mongodb-backups/'),
  region: z.string().min(1).optional().describe('Default: AWS_REGION'),
  endpoint: z.string().min(1).optional().describe('URL of an S3-compatible store. Default: AWS'),
  forcePathStyle: z.boolean().optional().describe('Default: true with an endpoint'),
  sse: z.enum(['AES256', 'aws:kms', 'none']).optional().describe('Default: AES256 on AWS, none elsewhere'),
  sseKmsKeyId: z.string().min(1).optional().describe('With sse: aws:kms'),
  checksums: z.enum(['auto', 'when-supported', 'when-required']).optional().describe('Default: auto'),
  storageClass: z.enum(storageClasses).optional().describe('Of the data objects. Default: the bucket’s own'),
  objectLock: objectLock
    .optional()
    .describe('Hold each copy there against removal: the bucket must have object lock turned on. Default: no lock'),
  accessKeyIdVariable: variable('the access key id. Default: the credentials of the primary store'),
  secretAccessKeyVariable: variable('the secret access key'),
  sessionTokenVariable: variable('the session token'),
  ...shared,
});

const directory = z.strictObject({
  kind: z.literal('directory'),
  directory: z.string().min(1).describe('Path of the directory, another volume for instance'),
  ...shared,
});

const destination = z.discriminatedUnion('kind', [bucket, directory]);
export type DestinationSettings = z.output<typeof destination>;

export const destinations = z
  .record(
    z
      .string()
      .regex(destinationPattern, 'must be 1 to 32 of a-z, 0-9 and "-", beginning with a letter, and not primary'),
    destination,
  )
  .optional()
  .describe('Where each backup is copied to besides the primary store, by name; the nearest first');
