import { parsePasswordHash, type PasswordHash } from '#contracts';
import { EnvironmentReader } from './environment-reader.js';
import { readDestinations, type DestinationConfig } from './destinations.js';
import { readTokenNames, readVerifyingKey, type TokenNames, type VerifyingKey } from './read-jwt.js';
import { splitList } from './read-notify.js';
import { checkDrills } from './read-drill.js';
import { checkSafetyNames, readRestoreTargets, type RestoreTargetConfig } from './restore-targets.js';
import { readService, type ServiceConfig, type ServiceLoadOptions } from './service-config.js';
import { placesOfTargets } from './target-place.js';
import { readTargets, type TargetConfig } from './targets.js';

/** The API's options. It holds no key and no URI of a source: neither is read here. */
export interface ApiConfig extends ServiceConfig {
  readonly targets: readonly TargetConfig[];
  readonly restoreTargets: readonly RestoreTargetConfig[];
  /** Where backups are copied to, the nearest first. */
  readonly destinations: readonly DestinationConfig[];
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly jwt: TokenNames & { readonly key: VerifyingKey };
  /** The built-in admin; undefined: off. */
  readonly admin: { readonly username: string; readonly passwordHash: PasswordHash } | undefined;
  readonly corsOrigins: readonly string[];
  /** Express's "trust proxy": a number of hops, addresses, or false. */
  readonly trustProxy: number | readonly string[] | false;
  /** Swagger UI: for everybody, for whoever logs in, or not there. */
  readonly swagger: 'open' | 'login' | 'off';
  /** The view of the queues at /queues. */
  readonly queuesUi: boolean;
  /** From when on something is unusual; 0: never. */
  readonly unusual: {
    readonly windowSeconds: number;
    readonly failedLogins: number;
    readonly downloads: number;
    readonly deletes: number;
    readonly restoresOverData: number;
    readonly newPlaces: boolean;
  };
}

export function loadApiConfig(options: ServiceLoadOptions): ApiConfig {
  const reader = new EnvironmentReader(options.environment, options.readFile);
  const targets = readTargets(reader, options.readFile);
  const restoreTargets = readRestoreTargets(reader, options);
  const places = placesOfTargets(reader, options.readFile);
  checkSafetyNames(reader, targets, restoreTargets, places);
  checkDrills(reader, targets, restoreTargets, places);
  const config: ApiConfig = {
    ...readService(reader, options.workingDirectory),
    targets,
    restoreTargets,
    destinations: readDestinations(reader, options.readFile),
    host: reader.required('API_HOST'),
    port: reader.integer('API_PORT', 0, 65_535) ?? 3000,
    publicUrl: readPublicUrl(reader),
    jwt: { key: readVerifyingKey(reader), ...readTokenNames(reader) },
    admin: readAdmin(reader),
    corsOrigins: readOrigins(reader),
    trustProxy: readTrustProxy(reader),
    swagger: readSwagger(reader),
    queuesUi: reader.boolean('QUEUES_UI_ENABLED') ?? false,
    unusual: readUnusual(reader),
  };
  reader.finish();
  return Object.freeze(config);
}

function readUnusual(reader: EnvironmentReader): ApiConfig['unusual'] {
  const most = 1_000_000;
  return {
    windowSeconds: (reader.integer('UNUSUAL_WINDOW_MINUTES', 1, 1_440) ?? 60) * 60,
    failedLogins: reader.integer('UNUSUAL_FAILED_LOGINS', 0, most) ?? 0,
    downloads: reader.integer('UNUSUAL_DOWNLOADS', 0, most) ?? 0,
    deletes: reader.integer('UNUSUAL_DELETES', 0, most) ?? 0,
    restoresOverData: reader.integer('UNUSUAL_RESTORES_OVER_DATA', 0, most) ?? 0,
    newPlaces: reader.boolean('UNUSUAL_NEW_PLACES') ?? true,
  };
}

function readSwagger(reader: EnvironmentReader): ApiConfig['swagger'] {
  const value = reader.oneOf('SWAGGER_ENABLED', ['true', 'false', 'login']) ?? 'true';
  return value === 'login' ? value : value === 'true' ? 'open' : 'off';
}

function readAdmin(reader: EnvironmentReader): ApiConfig['admin'] {
  const username = reader.text('ADMIN_USERNAME');
  const text = reader.secret('ADMIN_PASSWORD_HASH');
  if (username === undefined || text === undefined) {
    if (username !== undefined || text !== undefined)
      reader.problem('ADMIN_USERNAME and ADMIN_PASSWORD_HASH go together: only one of them is set');
    return undefined;
  }
  const passwordHash = parsePasswordHash(text.reveal());
  if (passwordHash === null) {
    reader.problem(
      'ADMIN_PASSWORD_HASH is no scrypt hash (scrypt$N$r$p$salt$hash): hazina token hash-password makes one',
    );
    return undefined;
  }
  return { username, passwordHash };
}

function readPublicUrl(reader: EnvironmentReader): string | undefined {
  const text = reader.text('API_PUBLIC_URL');
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    reader.problem('API_PUBLIC_URL must be a URL that begins with https:// or http://');
  return text.replace(/\/+$/, '');
}

function readOrigins(reader: EnvironmentReader): string[] {
  const origins = splitList(reader.text('CORS_ORIGINS'));
  for (const origin of origins) {
    if (URL.parse(origin)?.origin !== origin)
      reader.problem(`CORS_ORIGINS: "${origin}" is no origin such as https://admin.example.org`);
  }
  return origins;
}

function readTrustProxy(reader: EnvironmentReader): ApiConfig['trustProxy'] {
  const items = splitList(reader.text('TRUST_PROXY'));
  const [first] = items;
  if (first === undefined) return false;
  if (items.length === 1 && /^\d{1,2}$/.test(first)) return Number(first);
  return items;
}
