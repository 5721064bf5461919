import { isTargetName, type Secret } from '#contracts';
import { EnvironmentReader, type Environment, type ReadFile } from './environment-reader.js';
import { readRetentionDays } from './read-retention.js';
import { readPlacements, type PlacementConfig } from './placement.js';
import { readStore, type StoreConfig } from './store-config.js';
import { readCompression, type CompressionConfig } from './read-compression.js';
import { readKeys, type KeysConfig } from './read-keys.js';
import { readLease } from './read-lease.js';
import { readThrottle, type ThrottleConfig } from './read-throttle.js';

/** What one command of the CLI needs; only that is read, so `hazina inspect FILE` asks for no bucket. */
export interface CliNeeds {
  readonly store?: boolean;
  readonly keys?: 'required' | 'optional';
  readonly source?: boolean;
  /** What a backup is of: a target of BACKUP_TARGETS_FILE where there is one, else the source. */
  readonly target?: boolean;
  /** The catalogue, where one is configured: the command works without. */
  readonly catalog?: boolean;
}

/** The catalogue of a service whose records this command writes. */
export interface CatalogAccess {
  readonly uri: Secret;
  readonly leaseMs: number;
  readonly beatMs: number;
}

export interface CliConfig extends ThrottleConfig {
  readonly store: StoreConfig | undefined;
  /** By target, how backups lie in the store. */
  readonly placements: Readonly<Record<string, PlacementConfig>>;
  readonly keys: KeysConfig;
  readonly source: { readonly uri: Secret } | undefined;
  readonly catalog: CatalogAccess | undefined;
  readonly target: string;
  /** There is a file of targets: it tells more of a target than the environment. */
  readonly hasTargetsFile: boolean;
  readonly engine: 'auto' | 'mongodump' | 'native';
  /** With the oplog of a whole replica set. */
  readonly oplog: boolean;
  readonly compression: CompressionConfig;
  readonly retentionDays: number;
  readonly stallMs: number;
}

/** What was asked for is there. */
export type CliConfigFor<N extends CliNeeds> = CliConfig &
  (N extends { source: true } ? { readonly source: { readonly uri: Secret } } : unknown) &
  (N extends { store: true } ? { readonly store: StoreConfig } : unknown);

export interface LoadOptions {
  readonly environment: Environment;
  readonly readFile: ReadFile;
  readonly workingDirectory: string;
}

/** The CLI's loader: typed, frozen, all errors at once (`config/invalid`). A missing key is left to the caller, for it has an exit code of its own. */
export function loadCliConfig<const N extends CliNeeds>(needs: N, options: LoadOptions): CliConfigFor<N> {
  const reader = new EnvironmentReader(options.environment, options.readFile);
  const hasTargetsFile = reader.text('BACKUP_TARGETS_FILE') !== undefined;
  const needsSource = needs.source === true || (needs.target === true && !hasTargetsFile);
  const source = needsSource ? readSource(reader) : undefined;
  const store = needs.store === true ? readStore(reader, options.workingDirectory) : undefined;
  const keys = needs.keys === undefined ? { current: undefined, retired: [], recipients: [] } : readKeys(reader);
  const target = reader.required('BACKUP_TARGET_NAME');
  if (!isTargetName(target)) {
    reader.problem(`BACKUP_TARGET_NAME must be 1 to 40 of a-z, 0-9 and "-", not beginning with "-"; not "${target}"`);
  }
  const config: CliConfig = {
    store,
    placements: store?.kind === 's3' ? readPlacements(reader, options.readFile) : {},
    keys,
    source,
    catalog: needs.catalog === true ? readCatalog(reader) : undefined,
    target,
    hasTargetsFile,
    ...readThrottle(reader),
    engine: reader.oneOf('BACKUP_ENGINE', ['auto', 'mongodump', 'native']) ?? 'auto',
    oplog: reader.boolean('BACKUP_OPLOG') ?? false,
    compression: readCompression(reader),
    retentionDays: readRetentionDays(reader),
    stallMs: (reader.integer('BACKUP_STALL_SECONDS', 1, 86_400) ?? 120) * 1000,
  };
  reader.finish();
  // finish() threw when something that was asked for is missing.
  return Object.freeze(config) as CliConfigFor<N>;
}

function readCatalog(reader: EnvironmentReader): CatalogAccess | undefined {
  const uri = reader.secret('CATALOG_MONGODB_URI');
  return uri === undefined ? undefined : { uri, ...readLease(reader) };
}

function readSource(reader: EnvironmentReader): CliConfig['source'] {
  const uri = reader.secret('MONGODB_URI');
  if (uri !== undefined) return { uri };
  reader.problem(
    'MONGODB_URI is not set: it names the server to back up, for instance mongodb://user:…@host:27017/clinic',
  );
  return undefined;
}
