import { isAbsolute, resolve } from 'node:path';
import type { Secret } from '#contracts';
import type { DestinationSettings } from './destinations-file.js';
import { secretFrom, type EnvironmentReader, type Environment, type ReadFile } from './environment-reader.js';
import { parseTargetsFile } from './parse-targets-file.js';
import { hasRule, readRetention, type RetentionConfig } from './read-retention.js';
import { rateOver, readThrottle } from './read-throttle.js';
import { faultOfEndpoint, normalizePrefix, storeUrl, type S3Config, type StoreConfig } from './store-config.js';
import { isCold, type QuotaConfig } from './store-guards.js';
import { overlapOf } from './store-place.js';
import { readAuthorities, readProxy } from './store-way.js';

/** A place that backups are copied to, without its credentials: what the API may know. */
export interface DestinationConfig {
  readonly name: string;
  /** Null: as long as in the primary store. */
  readonly retention: RetentionConfig | null;
  /** How each copy is verified, read back from there; null: not at all. */
  readonly verify: 'stored' | 'readable' | null;
  /** The room for copies there; absent: no limit. */
  readonly quota?: QuotaConfig;
}

/** What the worker and the command line know besides. */
export interface DestinationSource extends DestinationConfig {
  readonly store: StoreConfig;
  /** How fast a copy is written there; absent: as fast as it goes. */
  readonly throttleBytesPerSecond?: number;
  /** Absent: it is read with the credentials of the primary store, or with none. */
  readonly credentialVariables?: CredentialVariables;
}

/** The variables that hold the credentials of a bucket, by the names that AWS has for what they hold. */
export type CredentialVariables = Readonly<
  Partial<Record<'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY' | 'AWS_SESSION_TOKEN', string>>
>;

export interface DestinationOptions {
  readonly environment: Environment;
  readonly readFile: ReadFile;
  readonly workingDirectory: string;
}

/** The destinations of BACKUP_TARGETS_FILE by name, the nearest first; what is wrong with the file's form is told by `readTargets`. */
export function readDestinations(reader: EnvironmentReader, readFile: ReadFile): DestinationConfig[] {
  const defaults = readRetention(reader);
  const { settings, at } = settingsOf(reader, readFile);
  return settings.map(([name, { retention, verify, quotaBytes, quotaPolicy }]) => {
    if (quotaPolicy === 'refuse' && quotaBytes === undefined)
      reader.problem(
        `BACKUP_TARGETS_FILE: ${at(name, 'quotaPolicy')}destination ${name}: quotaPolicy: refuse needs quotaBytes`,
      );
    const kept = retention === undefined ? null : { ...defaults, ...definedOf(retention) };
    if (kept !== null && !hasRule(kept) && hasRule(defaults))
      reader.problem(
        `BACKUP_TARGETS_FILE: ${at(name, 'retention')}destination ${name}: retentionDays is 0, and no other rule keeps a copy: set one of keep…`,
      );
    return {
      name,
      retention: kept,
      verify: verify === 'off' ? null : (verify ?? 'stored'),
      ...(quotaBytes === undefined ? {} : { quota: { bytes: quotaBytes, policy: quotaPolicy ?? 'warn' } }),
    };
  });
}

/** The same with the stores themselves; one that shares its place with another, or with the primary store, is refused. */
export function readDestinationSources(
  reader: EnvironmentReader,
  options: DestinationOptions,
  primary: StoreConfig,
): DestinationSource[] {
  const known = new Map(readDestinations(reader, options.readFile).map((config) => [config.name, config]));
  const others: { readonly store: StoreConfig; readonly what: string }[] = [
    { store: primary, what: 'the primary store' },
  ];
  const { storeThrottleBytesPerSecond: usual } = readThrottle(reader);
  const { settings: all, at } = settingsOf(reader, options.readFile);
  return all.flatMap(([name, settings]) => {
    const config = known.get(name);
    if (config === undefined) return [];
    const problem = (text: string, field?: FieldOf<DestinationSettings>): void =>
      reader.problem(`BACKUP_TARGETS_FILE: ${at(name, field)}destination ${name}: ${text}`);
    const store =
      settings.kind === 's3' ? bucketOf(reader, settings, primary, options, problem) : directoryOf(settings, options);
    for (const other of others) {
      const overlap = overlapOf(store, other.store);
      if (overlap !== null) problem(faultOfOverlap[overlap](other.what));
    }
    others.push({ store, what: `the destination ${name}` });
    const rate = rateOver(usual, settings.throttleBytesPerSecond);
    const throttle = rate === null ? {} : { throttleBytesPerSecond: rate };
    return [{ ...config, store, ...throttle, ...variablesOf(settings) }];
  });
}

type FieldOf<T> = T extends unknown ? keyof T : never;

interface Settings {
  readonly settings: readonly (readonly [string, DestinationSettings])[];
  /** Where a destination stands in the file, or what it says of a field. */
  readonly at: (name: string, field?: FieldOf<DestinationSettings>) => string;
}

function settingsOf(reader: EnvironmentReader, readFile: ReadFile): Settings {
  const path = reader.text('BACKUP_TARGETS_FILE');
  const located = path === undefined ? undefined : parseTargetsFile(path, readFile, () => undefined);
  return {
    settings: Object.entries(located?.file.destinations ?? {}),
    at: (name, field) => located?.at(['destinations', name, ...(field === undefined ? [] : [field])]) ?? '',
  };
}

type BucketSettings = Extract<DestinationSettings, { kind: 's3' }>;
type VariableField = 'accessKeyIdVariable' | 'secretAccessKeyVariable' | 'sessionTokenVariable';
type Problem = (text: string, field?: FieldOf<DestinationSettings>) => void;

function bucketOf(
  reader: EnvironmentReader,
  settings: BucketSettings,
  primary: StoreConfig,
  { environment, readFile }: DestinationOptions,
  problem: Problem,
): S3Config {
  const { bucket, endpoint, region, sseKmsKeyId, prefix = 'mongodb-backups/' } = settings;
  const wrong = endpoint === undefined ? undefined : faultOfEndpoint(endpoint);
  if (wrong !== undefined) problem(`endpoint ${wrong}`, 'endpoint');
  const sse = settings.sse ?? (endpoint === undefined ? 'AES256' : 'none');
  if (sseKmsKeyId !== undefined && sse !== 'aws:kms') problem('sseKmsKeyId needs sse: aws:kms', 'sseKmsKeyId');
  if (isCold(settings.storageClass) && settings.verify !== 'off')
    problem(
      `storageClass: ${settings.storageClass ?? ''} gives no bytes for hours, so no copy can be verified there: let a lifecycle rule move data later (docs/s3.md), or set verify: off`,
      'storageClass',
    );
  const named = (field: VariableField): Secret | undefined => {
    const variable = settings[field];
    if (variable === undefined) return undefined;
    const before = secretFrom(variable, environment, readFile, (text) => problem(text, field));
    if (before === undefined) problem(`${variable} is not set`, field);
    return before;
  };
  const { accessKeyIdVariable, secretAccessKeyVariable } = settings;
  if ((accessKeyIdVariable === undefined) !== (secretAccessKeyVariable === undefined))
    problem('accessKeyIdVariable and secretAccessKeyVariable go together');
  const accessKeyId = named('accessKeyIdVariable');
  const secretAccessKey = named('secretAccessKeyVariable');
  const sessionToken = named('sessionTokenVariable');
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
    ...(settings.objectLock === undefined ? {} : { objectLock: settings.objectLock }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(ca === undefined ? {} : { ca }),
    uploadConcurrency: 2,
  };
}

function variablesOf(settings: DestinationSettings): Pick<DestinationSource, 'credentialVariables'> {
  if (settings.kind === 'directory' || settings.accessKeyIdVariable === undefined) return {};
  const credentialVariables = definedOf({
    AWS_ACCESS_KEY_ID: settings.accessKeyIdVariable,
    AWS_SECRET_ACCESS_KEY: settings.secretAccessKeyVariable,
    AWS_SESSION_TOKEN: settings.sessionTokenVariable,
  });
  return { credentialVariables };
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

const beside =
  'the objects of the inner one are foreign files in the outer one. Give each a directory or a prefix beside it';
const faultOfOverlap = {
  same: (what: string) => `it is the same place as ${what}`,
  inside: (what: string) => `it lies inside ${what}: ${beside}`,
  around: (what: string) => `${what} lies inside it: ${beside}`,
} as const;

function definedOf<T extends object>(values: T): Partial<{ [K in keyof T]: Exclude<T[K], undefined> }> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<{
    [K in keyof T]: Exclude<T[K], undefined>;
  }>;
}
