import { S3Client } from '@aws-sdk/client-s3';
import { sdkCredentials } from '#contracts';
import type { S3StoreOptions, TellRepetition } from '../store-options.js';
import { guardedHandler } from './guarded-handler.js';
import { renewExpiredCredentials } from './renew-credentials.js';
import { tellRepetitions } from './tell-repetitions.js';

const connectionTimeoutMs = 10_000;

/** The SDK's client as backups need it. `socketTimeout` is the one setting that ends a stalled upload and a stalled download alike. */
export function createS3Client(options: S3StoreOptions, onRepeat?: TellRepetition): S3Client {
  const checksums = checksumMode(options);
  const { endpoint, region, credentials } = options;
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? (endpoint === undefined ? {} : { region: 'us-east-1' }) : { region }),
    forcePathStyle: options.forcePathStyle,
    followRegionRedirects: endpoint === undefined,
    maxAttempts: options.maxAttempts ?? 5,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    ...sdkCredentials(credentials),
    requestHandler: guardedHandler({
      connectionTimeout: connectionTimeoutMs,
      socketTimeout: options.socketTimeoutMs ?? 60_000,
      maxSockets: options.uploadConcurrency + 8,
      resolve: options.resolve,
      proxy: options.proxy,
      ca: options.ca,
    }),
    // The SDK's own remarks are not for the reader of our stderr.
    logger: { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
  renewExpiredCredentials(client);
  if (onRepeat !== undefined) tellRepetitions(client, onRepeat);
  return client;
}

/** Whether every request carries a checksum, or only those that must. */
export function checksumMode({ checksums, endpoint, objectLock }: S3StoreOptions): 'WHEN_SUPPORTED' | 'WHEN_REQUIRED' {
  // Whoever has locks takes them only with checksums.
  const knows = endpoint === undefined || objectLock !== undefined;
  const supported = checksums === 'when-supported' || (checksums === 'auto' && knows);
  return supported ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
}

function ignore(): void {
  // Nothing: see above.
}
