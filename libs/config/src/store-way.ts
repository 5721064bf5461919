import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostOf, isForbiddenHost, type Secret } from '#contracts';
import { unreadableCode, type EnvironmentReader } from './environment-reader.js';

/** The proxy on the way to a store; undefined: none. `S3_PROXY_URL` is for S3 alone; `HTTPS_PROXY` is everybody's, and `NO_PROXY` names whom it is not for. */
export function readProxy(reader: EnvironmentReader, store: URL): Secret | undefined {
  const own = checked(reader, 'S3_PROXY_URL', reader.secret('S3_PROXY_URL'));
  if (own !== undefined) return own;
  const common = checked(reader, 'HTTPS_PROXY', reader.secret('HTTPS_PROXY'));
  return store.protocol === 'https:' && !isDirect(store, reader.text('NO_PROXY') ?? '') ? common : undefined;
}

/** Whether a list as in `NO_PROXY` names a host: itself, a domain above it, `host:port`, or `*`. */
export function isDirect(url: URL, list: string): boolean {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, name = '', only] = /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
      if (only !== undefined && only !== port) return false;
      const wanted = name
        .toLowerCase()
        .replace(/^\[|\]$/g, '')
        .replace(/^\*?\./, '');
      return wanted === '*' || host === wanted || (isIP(host) === 0 && host.endsWith(`.${wanted}`));
    });
}

/** PEM of the authorities that vouch for a store; undefined: those that this machine trusts. */
export function readAuthorities(reader: EnvironmentReader): string | undefined {
  const path = reader.text('S3_CA_FILE');
  if (path === undefined) return undefined;
  let pem: string;
  try {
    pem = reader.file(path);
  } catch (error) {
    reader.problem(`S3_CA_FILE: the file ${path} cannot be read (${unreadableCode(error)})`);
    return undefined;
  }
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length > 0 && blocks.every(isCertificate)) return blocks.join('\n');
  reader.problem(`S3_CA_FILE: the file ${path} holds no certificate in PEM form, or a broken one`);
  return undefined;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function checked(
  reader: EnvironmentReader,
  name: 'S3_PROXY_URL' | 'HTTPS_PROXY',
  secret: Secret | undefined,
): Secret | undefined {
  if (secret === undefined) return undefined;
  const url = URL.parse(secret.reveal());
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    reader.problem(`${name} must be a URL that begins with http:// or https://`);
    return undefined;
  }
  if (!isForbiddenHost(hostOf(url))) return secret;
  reader.problem(`${name} must not be a link-local, metadata or reserved address`);
  return undefined;
}
