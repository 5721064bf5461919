import { Secret } from '#contracts';
import { EnvironmentReader } from './environment-reader.js';
import { splitList } from './read-notify.js';
import { readService, type ServiceConfig, type ServiceLoadOptions } from './service-config.js';
import { readTargets, type TargetConfig } from './targets.js';

/** The API's options. It holds no key and no URI of a source: neither is read here. */
export interface ApiConfig extends ServiceConfig {
  readonly targets: readonly TargetConfig[];
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly jwt: {
    /** The algorithm follows from which is set, never from a token. */
    readonly key:
      { readonly kind: 'secret'; readonly secret: Secret } | { readonly kind: 'public'; readonly pem: Secret };
    readonly issuer: string;
    readonly audience: string;
    readonly roleClaim: string;
  };
  readonly admin: { readonly username: string; readonly passwordHash: Secret } | undefined;
  readonly corsOrigins: readonly string[];
  /** Express's "trust proxy": a number of hops, addresses, or false. */
  readonly trustProxy: number | readonly string[] | false;
  readonly swaggerEnabled: boolean;
}

export function loadApiConfig(options: ServiceLoadOptions): ApiConfig {
  const reader = new EnvironmentReader(options.environment, options.readFile);
  const config: ApiConfig = {
    ...readService(reader, options.workingDirectory),
    targets: readTargets(reader, options.readFile),
    host: reader.required('API_HOST'),
    port: reader.integer('API_PORT', 0, 65_535) ?? 3000,
    publicUrl: readPublicUrl(reader),
    jwt: {
      key: readJwtKey(reader),
      issuer: reader.required('JWT_ISSUER'),
      audience: reader.required('JWT_AUDIENCE'),
      roleClaim: reader.required('JWT_ROLE_CLAIM'),
    },
    admin: readAdmin(reader),
    corsOrigins: readOrigins(reader),
    trustProxy: readTrustProxy(reader),
    swaggerEnabled: reader.boolean('SWAGGER_ENABLED') ?? true,
  };
  reader.finish();
  return Object.freeze(config);
}

const leastSecretBytes = 32;

function readJwtKey(reader: EnvironmentReader): ApiConfig['jwt']['key'] {
  const secret = reader.secret('JWT_SECRET');
  const pem = reader.secret('JWT_PUBLIC_KEY');
  if (secret !== undefined && pem !== undefined)
    reader.problem('JWT_SECRET and JWT_PUBLIC_KEY are both set: keep one of them');
  if (pem !== undefined) return { kind: 'public', pem };
  if (secret === undefined) {
    reader.problem(
      'JWT_SECRET is not set (or JWT_PUBLIC_KEY): without it nobody can be let in; 32 random bytes or more',
    );
  } else if (Buffer.byteLength(secret.reveal()) < leastSecretBytes) {
    reader.problem(`JWT_SECRET must have at least ${leastSecretBytes} bytes`);
  }
  // finish() throws when neither is set.
  return { kind: 'secret', secret: secret ?? new Secret('') };
}

function readAdmin(reader: EnvironmentReader): ApiConfig['admin'] {
  const username = reader.text('ADMIN_USERNAME');
  const passwordHash = reader.secret('ADMIN_PASSWORD_HASH');
  if (username === undefined || passwordHash === undefined) return undefined;
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
