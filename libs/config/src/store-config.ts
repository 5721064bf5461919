import { isAbsolute, resolve } from 'node:path';
import { hostOf, isForbiddenHost, type AwsCredentials, type Secret } from '#contracts';
import type { EnvironmentReader } from './environment-reader.js';
import {
  readObjectLock,
  readQuota,
  readStorageClass,
  type ObjectLockConfig,
  type QuotaConfig,
  type StorageClassName,
} from './store-guards.js';
import { readAuthorities, readProxy } from './store-way.js';

/** Where backups lie. The same shape as the options of the storage lib. */
export type StoreConfig = S3Config | DirectoryConfig;

export interface S3Config {
  readonly kind: 's3';
  readonly bucket: string;
  /** Without leading slashes, with one slash at the end unless empty. */
  readonly prefix: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly forcePathStyle: boolean;
  readonly sse: 'AES256' | 'aws:kms' | 'none';
  readonly sseKmsKeyId?: string;
  readonly checksums: 'auto' | 'when-supported' | 'when-required';
  /** Undefined: the AWS SDK's own chain. */
  readonly credentials?: AwsCredentials;
  readonly objectLock?: ObjectLockConfig;
  /** Of the data objects. */
  readonly storageClass?: StorageClassName;
  readonly proxy?: Secret;
  /** PEM. */
  readonly ca?: string;
  readonly partSize?: number;
  readonly uploadConcurrency: number;
  /** Of this store; absent: none. */
  readonly quota?: QuotaConfig;
}

export interface DirectoryConfig {
  readonly kind: 'directory';
  /** Absolute. */
  readonly directory: string;
  readonly quota?: QuotaConfig;
}

const mebibyte = 1024 * 1024;

/** The store of the environment: a bucket where one is set, else a directory. */
export function readStore(reader: EnvironmentReader, workingDirectory: string): StoreConfig {
  const bucket = reader.text('S3_BACKUP_BUCKET');
  const quota = readQuota(reader);
  if (bucket === undefined) {
    const directory = reader.required('BACKUP_DIRECTORY');
    return {
      kind: 'directory',
      directory: isAbsolute(directory) ? directory : resolve(workingDirectory, directory),
      ...(quota === undefined ? {} : { quota }),
    };
  }
  const endpoint = readEndpoint(reader);
  const region = reader.text('AWS_REGION');
  const partSize = reader.integer('S3_PART_SIZE', 5 * mebibyte, 5 * 1024 * mebibyte);
  const sseKmsKeyId = reader.text('S3_SSE_KMS_KEY_ID');
  const sse = reader.oneOf('S3_SSE', ['AES256', 'aws:kms', 'none']) ?? (endpoint === undefined ? 'AES256' : 'none');
  if (sseKmsKeyId !== undefined && sse !== 'aws:kms') reader.problem('S3_SSE_KMS_KEY_ID needs S3_SSE=aws:kms');
  const credentials = readCredentials(reader);
  const more = {
    ...{ quota, objectLock: readObjectLock(reader), storageClass: readStorageClass(reader) },
    ...{ proxy: readProxy(reader, storeUrl(endpoint, bucket, region)), ca: readAuthorities(reader) },
  };
  return {
    kind: 's3',
    bucket,
    prefix: normalizePrefix(reader.text('S3_BACKUP_PREFIX') ?? ''),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: reader.boolean('S3_FORCE_PATH_STYLE') ?? endpoint !== undefined,
    sse,
    ...(sseKmsKeyId === undefined ? {} : { sseKmsKeyId }),
    checksums: reader.oneOf('S3_CHECKSUMS', ['auto', 'when-supported', 'when-required']) ?? 'auto',
    ...(credentials === undefined ? {} : { credentials }),
    ...(partSize === undefined ? {} : { partSize }),
    uploadConcurrency: reader.integer('S3_UPLOAD_CONCURRENCY', 1, 16) ?? 4,
    ...withoutUndefined(more),
  };
}

/** Where requests go: what a proxy is chosen by. */
export function storeUrl(endpoint: string | undefined, bucket: string, region: string | undefined): URL {
  const ours = URL.parse(endpoint ?? '');
  return ours ?? new URL(`https://${bucket.replaceAll(/[^a-z0-9.-]/g, '-')}.s3.${region ?? 'us-east-1'}.amazonaws.com`);
}

function withoutUndefined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Leading slashes dropped, one slash at the end unless empty (spec/objects.md). */
export function normalizePrefix(prefix: string): string {
  const inner = prefix.replace(/^\/+/, '').replace(/\/+$/, '');
  return inner === '' ? '' : `${inner}/`;
}

function readEndpoint(reader: EnvironmentReader): string | undefined {
  const text = reader.text('S3_ENDPOINT');
  if (text === undefined) return undefined;
  const wrong = faultOfEndpoint(text);
  if (wrong !== undefined) reader.problem(`S3_ENDPOINT ${wrong}`);
  return text;
}

/** What is wrong with the URL of a store, after its name; undefined: nothing. */
export function faultOfEndpoint(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return 'must be a URL that begins with https:// or http://';
  if (url.username !== '' || url.password !== '')
    return 'must not hold credentials: use AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  return isForbiddenHost(hostOf(url)) ? 'must not be a link-local, metadata or reserved address' : undefined;
}

/** Of AWS; undefined: the SDK's own chain finds them. */
export function readCredentials(reader: EnvironmentReader): S3Config['credentials'] {
  const accessKeyId = reader.secret('AWS_ACCESS_KEY_ID');
  const secretAccessKey = reader.secret('AWS_SECRET_ACCESS_KEY');
  const sessionToken = reader.secret('AWS_SESSION_TOKEN');
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    reader.problem('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: only one of them is set');
    return undefined;
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
