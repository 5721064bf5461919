import { randomBytes } from 'node:crypto';
import { programOf } from '../support/program-of.js';
import { ServiceProcess } from '../support/service-process.js';
import type { RunningServices } from '../services/start-services.js';

/** API and worker as processes, on real services, with secrets made for this run. */
export interface ServiceStack {
  readonly api: ServiceProcess;
  readonly worker: ServiceProcess;
  /** What the worker has, and TARGET_URI: enough for the CLI. */
  readonly environment: Readonly<Record<string, string>>;
  readonly jwtSecret: string;
  stop(): Promise<void>;
}

/** Secrets and names of one installation; the same ones again are the same installation. */
export function freshIdentity(
  mongodbUri: string,
): Record<'JWT_SECRET' | 'BACKUP_ENCRYPTION_KEY' | 'CATALOG_MONGODB_URI' | 'REDIS_PREFIX', string> {
  return {
    JWT_SECRET: randomBytes(32).toString('hex'),
    BACKUP_ENCRYPTION_KEY: `hex:${randomBytes(32).toString('hex')}`,
    CATALOG_MONGODB_URI: withDatabase(mongodbUri, `hazina_${randomBytes(3).toString('hex')}`),
    REDIS_PREFIX: `hazina-${randomBytes(3).toString('hex')}`,
  };
}

export async function startStack(
  services: RunningServices,
  sourceUri: string,
  bucket: string,
  settings: Readonly<Record<string, string>> = {},
  program = programOf,
): Promise<ServiceStack> {
  const { JWT_SECRET, BACKUP_ENCRYPTION_KEY, ...given } = { ...freshIdentity(services.mongodbUri), ...settings };
  const { MONGODB_URI: _source, ...found } = services.env;
  const shared = { ...found, S3_BACKUP_BUCKET: bucket, BACKUP_TARGET_NAME: 'clinic', ...given };
  const worker = { ...shared, MONGODB_URI: sourceUri, BACKUP_ENCRYPTION_KEY };
  const started = await Promise.allSettled([
    ServiceProcess.start('api', { ...shared, JWT_SECRET }, [], program('api')),
    ServiceProcess.start('worker', worker, [], program('worker')),
  ]);
  const stop = async (): Promise<void> => {
    for (const outcome of started) if (outcome.status === 'fulfilled') await outcome.value.stop();
  };
  const [api, other] = started;
  if (api.status === 'fulfilled' && other.status === 'fulfilled') {
    const environment = { ...worker, TARGET_URI: services.mongodbUri };
    return { api: api.value, worker: other.value, environment, jwtSecret: JWT_SECRET, stop };
  }
  await stop();
  throw started.find((outcome) => outcome.status === 'rejected')?.reason ?? new Error('the service did not start');
}

export function withDatabase(uri: string, database: string): string {
  const url = new URL(uri);
  url.pathname = `/${database}`;
  return url.toString();
}
