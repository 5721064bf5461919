import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { AppError, systemCode, type Secret } from '#contracts';
import { notifyFailed } from '../notify-error.js';
import { kindOfAddress } from './address-rules.js';

export interface HostAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host name. */
export type ResolveHost = (host: string) => Promise<readonly HostAddress[]>;

export const systemResolve: ResolveHost = (host) => lookup(host, { all: true });

const hint = 'NOTIFY_WEBHOOK_URL is http:// or https://, and leads neither to link-local nor to metadata addresses';

/** The webhook's URL; errors hold no part of it, since many services put a token there. */
export function parseWebhookUrl(webhookUrl: Secret): URL {
  let url: URL;
  try {
    url = new URL(webhookUrl.reveal());
  } catch {
    throw refused('is not a URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused('does not begin with http:// or https://');
  const host = hostOf(url);
  if (isIP(host) !== 0 && kindOfAddress(host) === 'forbidden') throw refused('leads to a forbidden address');
  return url;
}

/**
 * The addresses that a request to this URL may connect to: the host is resolved once, every address is checked, and the caller
 * connects to these and resolves no more. Private networks are allowed, for receivers inside a cluster are usual. Loopback is
 * allowed when the URL itself says so (`localhost`, `127.0.0.1`, `[::1]`): what is written is meant, what a name server answers is not.
 */
export async function safeAddresses(url: URL, resolve: ResolveHost): Promise<readonly HostAddress[]> {
  const host = hostOf(url);
  const version = isIP(host);
  const isWritten = version !== 0 || host === 'localhost' || host.endsWith('.localhost');
  const addresses = version === 0 ? await resolved(host, resolve) : [{ address: host, family: version }];
  for (const { address } of addresses) {
    const kind = kindOfAddress(address);
    if (kind === 'public' || kind === 'private' || (kind === 'loopback' && isWritten)) continue;
    throw notifyFailed(
      `The webhook's host resolves to ${kind === 'loopback' ? 'this machine itself' : 'a forbidden address'}`,
      'retry',
      hint,
    );
  }
  return addresses;
}

async function resolved(host: string, resolve: ResolveHost): Promise<readonly HostAddress[]> {
  let addresses: readonly HostAddress[];
  try {
    addresses = await resolve(host);
  } catch (error) {
    throw notifyFailed(`The webhook's host was not found (${systemCode(error) ?? 'no code'})`, 'retry', hint);
  }
  if (addresses.length === 0) throw notifyFailed("The webhook's host has no address", 'retry', hint);
  return addresses;
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function refused(why: string): AppError {
  return new AppError({ code: 'config/invalid', stage: 'config', message: `NOTIFY_WEBHOOK_URL ${why}`, hint });
}
