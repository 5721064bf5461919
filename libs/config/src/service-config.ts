import { Secret } from '#contracts';
import type { EnvironmentReader, ReadFile } from './environment-reader.js';
import { readLease } from './read-lease.js';
import { readNotify, type NotifyConfig } from './read-notify.js';
import { readSchedule, type ScheduleConfig } from './read-schedule.js';
import { readStore, type StoreConfig } from './store-config.js';
import { isCold } from './store-guards.js';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What API and worker share. */
export interface ServiceConfig {
  readonly catalogUri: Secret;
  readonly redisUrl: Secret;
  readonly redisPrefix: string;
  readonly store: StoreConfig;
  readonly lease: { readonly leaseMs: number; readonly beatMs: number; readonly reaperMs: number };
  readonly verify: {
    /** After each backup; null: off. */
    readonly level: 'stored' | 'readable' | null;
    /** Null: never again. */
    readonly reverifyDays: number | null;
  };
  readonly attempts: number;
  /** Backups of all workers together at the same time; null: no limit. */
  readonly fleetConcurrency: number | null;
  readonly overdueMs: number;
  /** Of scheduled drills. */
  readonly drillOverdueMs: number;
  readonly cleanupSchedule: ScheduleConfig;
  readonly orphanGraceMs: number;
  readonly recordRetentionDays: number;
  readonly notify: NotifyConfig;
  readonly metricsToken: Secret | undefined;
  readonly logLevel: LogLevel;
}

export function readService(reader: EnvironmentReader, workingDirectory: string): ServiceConfig {
  const level = reader.oneOf('BACKUP_VERIFY', ['stored', 'readable', 'off']) ?? 'readable';
  const reverifyDays = reader.integer('BACKUP_REVERIFY_DAYS', 0, 36_500) ?? 30;
  const store = readStore(reader, workingDirectory);
  if (store.kind === 's3' && isCold(store.storageClass) && (level !== 'off' || reverifyDays !== 0))
    reader.problem(
      `S3_STORAGE_CLASS=${store.storageClass ?? ''} gives no bytes for hours, so nothing can be verified there: let a lifecycle rule move data later (docs/s3.md), or set BACKUP_VERIFY=off and BACKUP_REVERIFY_DAYS=0`,
    );
  const seconds = (
    name: Parameters<EnvironmentReader['integer']>[0],
    min: number,
    max: number,
    usual: number,
  ): number => (reader.integer(name, min, max) ?? usual) * 1000;
  return {
    catalogUri: requiredSecret(
      reader,
      'CATALOG_MONGODB_URI',
      'it names the database of the records, for instance mongodb://user:…@host:27017/hazina',
    ),
    redisUrl: readRedisUrl(reader),
    redisPrefix: reader.required('REDIS_PREFIX'),
    store,
    lease: { ...readLease(reader), reaperMs: seconds('BACKUP_REAPER_SECONDS', 1, 3600, 30) },
    verify: { level: level === 'off' ? null : level, reverifyDays: reverifyDays === 0 ? null : reverifyDays },
    attempts: reader.integer('BACKUP_ATTEMPTS', 1, 100) ?? 3,
    fleetConcurrency: reader.integer('BACKUP_FLEET_CONCURRENCY', 1, 1000) ?? null,
    overdueMs: seconds('BACKUP_OVERDUE_SECONDS', 1, 31_536_000, 3600),
    drillOverdueMs: seconds('BACKUP_DRILL_OVERDUE_SECONDS', 1, 31_536_000, 86_400),
    cleanupSchedule: readSchedule(reader, 'BACKUP_CLEANUP_SCHEDULE'),
    orphanGraceMs: reader.number('BACKUP_ORPHAN_GRACE_HOURS', 0, 87_600) * 3_600_000,
    recordRetentionDays: reader.integer('BACKUP_RECORD_RETENTION_DAYS', 1, 36_500) ?? 400,
    notify: readNotify(reader),
    metricsToken: reader.secret('METRICS_TOKEN'),
    logLevel: reader.oneOf('LOG_LEVEL', logLevels) ?? 'info',
  };
}

export function requiredSecret(
  reader: EnvironmentReader,
  name: Parameters<EnvironmentReader['secret']>[0],
  meaning: string,
): Secret {
  const secret = reader.secret(name);
  if (secret !== undefined) return secret;
  reader.problem(`${name} is not set: ${meaning}`);
  return new Secret('');
}

function readRedisUrl(reader: EnvironmentReader): Secret {
  const url = reader.secret('REDIS_URL') ?? new Secret('redis://127.0.0.1:6379');
  const protocol = URL.parse(url.reveal())?.protocol;
  if (protocol !== 'redis:' && protocol !== 'rediss:')
    reader.problem('REDIS_URL must begin with redis:// or rediss://');
  return url;
}

export interface ServiceLoadOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadFile;
  readonly workingDirectory: string;
}
