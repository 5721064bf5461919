/**
 * Every environment variable of the product: name, default, meaning. `.env.example` is compared with this table by a test, and only what stands here is read.
 * A secret can also be given as `NAME_FILE`, the path of a file that holds it; both set is an error.
 */
export interface Variable {
  readonly name: string;
  readonly secret?: true;
  /** As text, as a user would write it; absent: no default. */
  readonly default?: string;
  readonly meaning: string;
}

export const variables = [
  {
    name: 'MONGODB_URI',
    secret: true,
    meaning:
      'the server to protect; a database in its path limits the backup to that database (admin does not: users live there)',
  },
  { name: 'BACKUP_TARGET_NAME', default: 'default', meaning: "the target's name, which every backup id begins with" },
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
  { name: 'BACKUP_DIRECTORY', default: './data/backups', meaning: 'the store when no bucket is set' },
  { name: 'BACKUP_RETENTION_DAYS', default: '30', meaning: 'days until a backup expires' },
  {
    name: 'BACKUP_ENCRYPTION_KEY',
    secret: true,
    meaning: 'the key: hex:…, base64:…, pass:… (hazina keys generate makes one); without it no backup can be read',
  },
  {
    name: 'BACKUP_ENCRYPTION_KEYS_RETIRED',
    secret: true,
    meaning: 'earlier keys, one per line: open old backups, never seal new ones',
  },
  {
    name: 'BACKUP_ENGINE',
    default: 'auto',
    meaning: 'mongodump, native, or auto: mongodump where it is on the PATH and able',
  },
  { name: 'BACKUP_COMPRESSION', default: 'zstd', meaning: 'zstd, gzip or none' },
  { name: 'BACKUP_COMPRESSION_LEVEL', meaning: "1 to 19 for zstd, 1 to 9 for gzip; unset: the codec's own (3, 6)" },
  { name: 'BACKUP_STALL_SECONDS', default: '120', meaning: 'a dump or load that moves no byte for so long has failed' },
] as const satisfies readonly Variable[];

export type VariableName = (typeof variables)[number]['name'];
export type SecretName = Extract<(typeof variables)[number], { secret: true }>['name'];
