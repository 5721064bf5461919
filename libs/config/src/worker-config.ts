import { readDestinationSources, type DestinationSource } from './destinations.js';
import { EnvironmentReader } from './environment-reader.js';
import { readCompression, type CompressionConfig } from './read-compression.js';
import { readKeys, type KeysConfig } from './read-keys.js';
import { checkDrills } from './read-drill.js';
import { readSourcesOf } from './read-sources.js';
import { checkSafetyNames, readRestoreSources, type RestoreTargetSource } from './restore-targets.js';
import { readService, type ServiceConfig, type ServiceLoadOptions } from './service-config.js';
import { readThrottle, type ThrottleConfig } from './read-throttle.js';
import { placesOfTargets } from './target-place.js';
import { readTargets, type SourceConfig } from './targets.js';

/** The worker's options: the only long-lived process with the key and the URIs. */
export interface WorkerConfig extends ServiceConfig, ThrottleConfig {
  readonly targets: readonly SourceConfig[];
  readonly restoreTargets: readonly RestoreTargetSource[];
  /** Where backups are copied to, the nearest first. */
  readonly destinations: readonly DestinationSource[];
  readonly keys: KeysConfig;
  readonly compression: CompressionConfig;
  readonly concurrency: number;
  readonly directoryReserveBytes: number;
  readonly stallMs: number;
  readonly shutdownGraceMs: number;
  readonly host: string;
  readonly port: number;
  /** Where programs are looked for. */
  readonly searchPath: string;
}

export function loadWorkerConfig(options: ServiceLoadOptions): WorkerConfig {
  const reader = new EnvironmentReader(options.environment, options.readFile);
  const keys = readKeys(reader);
  if (keys.current === undefined && keys.recipients.length === 0) {
    reader.problem(
      'BACKUP_ENCRYPTION_KEY is not set: hazina keys generate makes one; keep a copy apart from the backups (or BACKUP_RECIPIENTS, for a worker that only writes)',
    );
  }
  const targets = readSourcesOf(readTargets(reader, options.readFile), reader, options);
  const restoreTargets = readRestoreSources(reader, options);
  const places = placesOfTargets(reader, options.readFile);
  checkSafetyNames(reader, targets, restoreTargets, places);
  checkDrills(reader, targets, restoreTargets, places);
  const service = readService(reader, options.workingDirectory);
  const config: WorkerConfig = {
    ...service,
    targets,
    destinations: readDestinationSources(reader, options, service.store),
    restoreTargets,
    keys,
    compression: readCompression(reader),
    concurrency: reader.integer('BACKUP_CONCURRENCY', 1, 64) ?? 1,
    ...readThrottle(reader),
    directoryReserveBytes:
      reader.integer('BACKUP_DIRECTORY_RESERVE_BYTES', 0, Number.MAX_SAFE_INTEGER) ?? 1_073_741_824,
    stallMs: (reader.integer('BACKUP_STALL_SECONDS', 1, 86_400) ?? 120) * 1000,
    shutdownGraceMs: (reader.integer('BACKUP_SHUTDOWN_GRACE_SECONDS', 1, 86_400) ?? 60) * 1000,
    host: reader.required('WORKER_HOST'),
    port: reader.integer('WORKER_PORT', 0, 65_535) ?? 3001,
    searchPath: options.environment['PATH'] ?? '',
  };
  reader.finish();
  return Object.freeze(config);
}
