import { AppError, type Secret } from '#contracts';

/** Where Redis (or Valkey) is: what an URL says, as the client library takes it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  /** There for `rediss://`; certificates are checked against the system's and `NODE_EXTRA_CA_CERTS`. */
  readonly tls?: object;
}

const hint =
  'Write redis://[user:password@]host[:port][/number], or rediss:// for TLS, with odd characters percent-encoded';

/**
 * The parts of `redis://` and `rediss://` URLs. Read here and not by the client library, which accepts nearly anything and takes
 * options of its own from the query (a key prefix among them, which BullMQ cannot live with). Errors never hold a part of the URL.
 */
export function parseRedisUrl(redisUrl: Secret): RedisAddress {
  let url: URL;
  try {
    url = new URL(redisUrl.reveal());
  } catch {
    throw refused('is not a URL');
  }
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw refused('does not begin with redis:// or rediss://');
  if (url.hostname === '') throw refused('names no host');
  if (url.search !== '' || url.hash !== '') throw refused('has options after ? or #, which are not known');
  const db = /^\/?(\d{0,4})$/.exec(url.pathname)?.[1];
  if (db === undefined) throw refused('has a path that is no database number');
  const username = decode(url.username);
  const password = decode(url.password);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    db: Number(db),
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refused('holds a % in user or password that begins no percent-encoding');
  }
}

function refused(why: string): AppError {
  return new AppError({ code: 'config/invalid', stage: 'config', message: `The URL of Redis ${why}`, hint });
}
