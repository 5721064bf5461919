import { isAbsolute, resolve } from 'node:path';
import type { Secret } from '#contracts';
import type { DestinationSettings } from './destinations-file.js';
import { secretFrom, type EnvironmentReader, type Environment, type ReadFile } from './environment-reader.js';
import { parseTargetsFile } from './parse-targets-file.js';
import { readRetention, type RetentionConfig } from './read-retention.js';
import { faultOfEndpoint, normalizePrefix, storeUrl, type S3Config, type StoreConfig } from './store-config.js';
import { readAuthorities, readProxy } from './store-way.js';

/** A place that backups are copied to, without its credentials: what the API may know. */
export interface DestinationConfig {
  readonly name: string;
  /** Null: as long as in the primary store. */
  readonly retention: RetentionConfig | null;
  /** How each copy is verified, read back from there; null: not at all. */
  readonly verify: 'stored' | 'readable' | null;
}

/** What the worker and the command line know besides. */
export interface DestinationSource extends DestinationConfig {
  readonly store: StoreConfig;
}

export interface DestinationOptions {
  readonly environment: Environment;
  readonly readFile: ReadFile;
  readonly workingDirectory: string;
}

/** The destinations of BACKUP_TARGETS_FILE by name, the nearest first; what is wrong with the file's form is told by `readTargets`. */
export function readDestinations(reader: EnvironmentReader, readFile: ReadFile): DestinationConfig[] {
  const defaults = readRetention(reader);
  return settingsOf(reader, readFile).map(([name, { retention, verify }]) => ({
    name,
    retention: retention === undefined ? null : { ...defaults, ...definedOf(retention) },
    verify: verify === 'off' ? null : (verify ?? 'stored'),
  }));
}

/** The same with the stores themselves; one that is the primary store is refused. */
export function readDestinationSources(
  reader: EnvironmentReader,
  options: DestinationOptions,
  primary: StoreConfig,
): DestinationSource[] {
  const known = new Map(readDestinations(reader, options.readFile).map((config) => [config.name, config]));
  const places = new Map([[placeOf(primary), 'the primary store']]);
  return settingsOf(reader, options.readFile).flatMap(([name, settings]) => {
    const config = known.get(name);
    if (config === undefined) return [];
    const problem = (text: string): void => reader.problem(`BACKUP_TARGETS_FILE: destination ${name}: ${text}`);
    const store =
      settings.kind === 's3' ? bucketOf(reader, settings, primary, options, problem) : directoryOf(settings, options);
    const same = places.get(placeOf(store));
    if (same !== undefined) problem(`it is the same place as ${same}`);
    places.set(placeOf(store), `the destination ${name}`);
    return [{ ...config, store }];
  });
}

function settingsOf(reader: EnvironmentReader, readFile: ReadFile): [string, DestinationSettings][] {
  const path = reader.text('BACKUP_TARGETS_FILE');
  const located = path === undefined ? undefined : parseTargetsFile(path, readFile, () => undefined);
  return Object.entries(located?.file.destinations ?? {});
}

type BucketSettings = Extract<DestinationSettings, { kind: 's3' }>;

function bucketOf(
  reader: EnvironmentReader,
  settings: BucketSettings,
  primary: StoreConfig,
  { environment, readFile }: DestinationOptions,
  problem: (text: string) => void,
): S3Config {
  const { bucket, endpoint, region, sseKmsKeyId, prefix = 'mongodb-backups/' } = settings;
  const wrong = endpoint === undefined ? undefined : faultOfEndpoint(endpoint);
  if (wrong !== undefined) problem(`endpoint ${wrong}`);
  const sse = settings.sse ?? (endpoint === undefined ? 'AES256' : 'none');
  if (sseKmsKeyId !== undefined && sse !== 'aws:kms') problem('sseKmsKeyId needs sse: aws:kms');
  const named = (variable: string | undefined): Secret | undefined => {
    if (variable === undefined) return undefined;
    const before = secretFrom(variable, environment, readFile, problem);
    if (before === undefined) problem(`${variable} is not set`);
    return before;
  };
  const { accessKeyIdVariable, secretAccessKeyVariable, sessionTokenVariable } = settings;
  if ((accessKeyIdVariable === undefined) !== (secretAccessKeyVariable === undefined))
    problem('accessKeyIdVariable and secretAccessKeyVariable go together');
  const accessKeyId = named(accessKeyIdVariable);
  const secretAccessKey = named(secretAccessKeyVariable);
  const sessionToken = named(sessionTokenVariable);
  const own =
    accessKeyId === undefined || secretAccessKey === undefined
      ? undefined
      : { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  const ofPrimary = primary.kind === 's3' && accessKeyIdVariable === undefined ? primary.credentials : undefined;
  const credentials = own ?? ofPrimary;
  const regionOf = region ?? reader.text('AWS_REGION');
  // The way to a store is the same for all of them.
  const proxy = readProxy(reader, storeUrl(endpoint, bucket, regionOf));
  const ca = readAuthorities(reader);
  return {
    ...{ kind: 's3', bucket, prefix: normalizePrefix(prefix), sse },
    ...(regionOf === undefined ? {} : { region: regionOf }),
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: settings.forcePathStyle ?? endpoint !== undefined,
    ...(sseKmsKeyId === undefined ? {} : { sseKmsKeyId }),
    checksums: settings.checksums ?? 'auto',
    ...(credentials === undefined ? {} : { credentials }),
    ...(settings.storageClass === undefined ? {} : { storageClass: settings.storageClass }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(ca === undefined ? {} : { ca }),
    uploadConcurrency: 2,
  };
}

function directoryOf(
  { directory }: Extract<DestinationSettings, { kind: 'directory' }>,
  { workingDirectory }: DestinationOptions,
): StoreConfig {
  return {
    kind: 'directory',
    directory: isAbsolute(directory) ? resolve(directory) : resolve(workingDirectory, directory),
  };
}

/** Two stores of the same place would be one store with two names. */
function placeOf(store: StoreConfig): string {
  if (store.kind === 'directory') return `directory ${resolve(store.directory)}`;
  return `bucket ${store.endpoint ?? store.region ?? 'aws'} ${store.bucket} ${store.prefix}`;
}

function definedOf<T extends object>(values: T): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<{
    [K in keyof T]: Exclude<T[K], undefined>;
  }>;
}
