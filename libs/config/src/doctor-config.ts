import type { AppError, Secret } from '#contracts';
import { readDestinationSources, type DestinationSource } from './destinations.js';
import { EnvironmentReader } from './environment-reader.js';
import { readCompression } from './read-compression.js';
import { readTokenNames, readVerifyingKey } from './read-jwt.js';
import { readKeys, type KeysConfig } from './read-keys.js';
import { checkSafetyNames, readRestoreSources, type RestoreTargetSource } from './restore-targets.js';
import { readUriOf } from './read-sources.js';
import { readService, type ServiceLoadOptions } from './service-config.js';
import { readStore, type StoreConfig } from './store-config.js';
import { placesOfTargets } from './target-place.js';
import { readTargets, type TargetConfig } from './targets.js';
import { withReadPreference } from './with-read-preference.js';

/** A target as it was read; without URI when that is not set, or can be none. */
export interface DoctorSource extends TargetConfig {
  readonly uri: Secret | undefined;
}

/** All that can be read of the environment, and all that is wrong with it. */
export interface DoctorConfig {
  /** One `config/invalid` with every problem; undefined: none. */
  readonly problems: AppError | undefined;
  readonly sources: readonly DoctorSource[];
  /** Those whose URI is set, and can be one. */
  readonly restoreTargets: readonly RestoreTargetSource[];
  /** Undefined: what is set cannot be used. */
  readonly store: StoreConfig | undefined;
  /** Where backups are copied to; none where what the file says of them, or of the primary store, cannot be used. */
  readonly destinations: readonly DestinationSource[];
  readonly keys: KeysConfig;
  /** Undefined: there is none, and the command line works without. */
  readonly service: { readonly catalogUri: Secret; readonly redisUrl: Secret } | undefined;
  readonly reserveBytes: number;
}

/**
 * What `hazina doctor` looks at. Where a loader refuses, this one goes on with what is good and keeps the problems. What belongs to the service is read where
 * `CATALOG_MONGODB_URI` is set, what belongs to tokens where one of their keys is.
 */
export function loadDoctorConfig(options: ServiceLoadOptions): DoctorConfig {
  const reader = new EnvironmentReader(options.environment, options.readFile);
  const isSet = (name: string): boolean =>
    [name, `${name}_FILE`].some((variable) => (options.environment[variable] ?? '') !== '');
  const keys = readKeys(reader);
  const sources = readTargets(reader, options.readFile).map((target) => withUri(reader, target, options));
  const before = reader.count;
  const store = readStore(reader, options.workingDirectory);
  const storeIsGood = reader.count === before;
  const known = reader.count;
  const destinations = storeIsGood ? readDestinationSources(reader, options, store) : [];
  const destinationsAreGood = reader.count === known;
  readCompression(reader);
  const restoreSources = readRestoreSources(reader, options);
  checkSafetyNames(reader, sources, restoreSources, placesOfTargets(reader, options.readFile));
  const restoreTargets = restoreSources.filter(({ uri }) => uri.reveal() !== '');
  const service = isSet('CATALOG_MONGODB_URI') ? readService(reader, options.workingDirectory) : undefined;
  if (['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_JWKS_URI'].some(isSet)) {
    readVerifyingKey(reader);
    readTokenNames(reader);
  }
  reader.integer('BACKUP_STALL_SECONDS', 1, 86_400);
  return {
    problems: reader.failure(),
    ...{ sources, restoreTargets, keys },
    store: storeIsGood ? store : undefined,
    destinations: destinationsAreGood ? destinations : [],
    service: service === undefined ? undefined : { catalogUri: service.catalogUri, redisUrl: service.redisUrl },
    reserveBytes: reader.integer('BACKUP_DIRECTORY_RESERVE_BYTES', 0, Number.MAX_SAFE_INTEGER) ?? 1_073_741_824,
  };
}

function withUri(reader: EnvironmentReader, target: TargetConfig, options: ServiceLoadOptions): DoctorSource {
  const uri = readUriOf(target, reader, options);
  return { ...target, uri: uri && withReadPreference(uri, target.readPreference) };
}
