import { BlockList } from 'node:net';
import { AppError, hostOf, isForbiddenHost, type Secret } from '#contracts';

/** A mail server, as `SMTP_URL` names it. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (`smtps://`); else STARTTLS when the server offers it. */
  readonly secure: boolean;
  /** Refuse a server that does not offer STARTTLS. */
  readonly requireTls: boolean;
  readonly login: { readonly user: string; readonly pass: string } | undefined;
}

const hint =
  'Write smtp://[user:password@]host[:port] or smtps://…, with odd characters percent-encoded; ?requireTLS=false allows a login without TLS';

/** Errors never hold a part of the URL. A login is sent in clear only to this machine itself, or where the URL says so. */
export function parseSmtpUrl(smtpUrl: Secret): SmtpServer {
  let url: URL;
  try {
    url = new URL(smtpUrl.reveal());
  } catch {
    throw refused('is not a URL');
  }
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') throw refused('does not begin with smtp:// or smtps://');
  if (url.hostname === '') throw refused('names no host');
  if (isForbiddenHost(hostOf(url))) throw refused('leads to a link-local, metadata or reserved address');
  if (!['', '/'].includes(url.pathname) || url.hash !== '') throw refused('has a path');
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const login = loginOf(url);
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTls: !secure && (requireTlsOf(url) ?? (login !== undefined && !isThisMachine(host))),
    login,
  };
}

function loginOf(url: URL): SmtpServer['login'] {
  if (url.username === '' && url.password === '') return undefined;
  try {
    return { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  } catch {
    throw refused('holds a % in user or password that begins no percent-encoding');
  }
}

function requireTlsOf(url: URL): boolean | undefined {
  const unknown = [...url.searchParams.keys()].some((name) => name !== 'requireTLS');
  const value = url.searchParams.get('requireTLS');
  if (unknown || !['true', 'false', null].includes(value)) throw refused('has options after ? that are not known');
  return value === null ? undefined : value === 'true';
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isThisMachine(host: string): boolean {
  return host === 'localhost' || loopback.check(host, host.includes(':') ? 'ipv6' : 'ipv4');
}

function refused(why: string): AppError {
  return new AppError({ code: 'config/invalid', stage: 'config', message: `SMTP_URL ${why}`, hint });
}
