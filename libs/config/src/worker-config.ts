import { Secret } from '#contracts';
import { EnvironmentReader, secretFrom } from './environment-reader.js';
import { readCompression, type CompressionConfig } from './read-compression.js';
import { readKeys, type KeysConfig } from './read-keys.js';
import { checkDrills } from './read-drill.js';
import { readRestoreSources, type RestoreTargetSource } from './restore-targets.js';
import { readService, requiredSecret, type ServiceConfig, type ServiceLoadOptions } from './service-config.js';
import { readTargets, type SourceConfig } from './targets.js';
import { withReadPreference } from './with-read-preference.js';

/** The worker's options: the only long-lived process with the key and the URIs. */
export interface WorkerConfig extends ServiceConfig {
  readonly targets: readonly SourceConfig[];
  readonly restoreTargets: readonly RestoreTargetSource[];
  readonly keys: KeysConfig;
  readonly compression: CompressionConfig;
  readonly concurrency: number;
  readonly throttleBytesPerSecond: number | null;
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
  const targets = readSources(reader, options);
  const restoreTargets = readRestoreSources(reader, options, targets);
  checkDrills(reader, targets, restoreTargets);
  const config: WorkerConfig = {
    ...readService(reader, options.workingDirectory),
    targets,
    restoreTargets,
    keys,
    compression: readCompression(reader),
    concurrency: reader.integer('BACKUP_CONCURRENCY', 1, 64) ?? 1,
    throttleBytesPerSecond: reader.integer('BACKUP_THROTTLE_BYTES_PER_SECOND', 1024, Number.MAX_SAFE_INTEGER) ?? null,
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

function readSources(reader: EnvironmentReader, options: ServiceLoadOptions): SourceConfig[] {
  return readTargets(reader, options.readFile).map((target) => {
    const uri =
      target.uriVariable === 'MONGODB_URI'
        ? requiredSecret(
            reader,
            'MONGODB_URI',
            'it names the server to back up, for instance mongodb://user:…@host:27017/clinic',
          )
        : named(reader, target.uriVariable, options);
    return { ...target, uri: withReadPreference(uri, target.readPreference) };
  });
}

function named(reader: EnvironmentReader, name: string, options: ServiceLoadOptions): SourceConfig['uri'] {
  const uri = secretFrom(name, options.environment, options.readFile, (text) => reader.problem(text));
  if (uri !== undefined) return uri;
  reader.problem(`${name} is not set: BACKUP_TARGETS_FILE names it as the URI of a target`);
  return new Secret('');
}
