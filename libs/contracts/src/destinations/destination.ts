import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { kindOfAddress } from './address-rules.js';

// Where a URL that somebody configured may lead: one rule for webhooks, stores, key sets and mail servers (docs/operations.md).

export interface HostAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host name. */
export type ResolveHost = (host: string) => Promise<readonly HostAddress[]>;

export const systemResolve: ResolveHost = (host) => lookup(host, { all: true });

/**
 * Private networks are always allowed: servers of one's own are usual. This machine itself is allowed when the URL says so (`localhost`, `127.0.0.1`, `[::1]`), for
 * what is written is meant; by a name of somebody else's only with `anywhere`. What lends credentials to a machine, or is no single host, never is.
 */
export interface DestinationRule {
  readonly loopback: 'anywhere' | 'if-written';
}

export type DestinationTrouble = 'forbidden' | 'this-machine' | 'no-address';

const words: Readonly<Record<DestinationTrouble, string>> = {
  forbidden: 'leads to a link-local, metadata or reserved address',
  'this-machine': 'leads to this machine itself',
  'no-address': 'has no address',
};

/** Not connected to, whatever happens. Its text names no part of the URL. */
export class DestinationRefused extends Error {
  override readonly name = 'DestinationRefused';
  readonly code = 'EDESTINATION';

  constructor(readonly why: DestinationTrouble) {
    super(`The host ${words[why]}`);
  }
}

/** The host of a URL as a resolver takes it. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

/** Whether a host is written as an address that is never connected to. Names have to be resolved to know. */
export function isForbiddenHost(host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return isIP(plain) !== 0 && kindOfAddress(plain) === 'forbidden';
}

/**
 * The addresses that one connection to this host may go to: resolved once, every one checked; the caller connects to these and resolves no more, so that a name
 * server cannot say one thing to the check and another to the connection. Throws `DestinationRefused`, or what the resolver threw.
 */
export async function safeAddresses(
  host: string,
  rule: DestinationRule,
  resolve: ResolveHost = systemResolve,
): Promise<readonly HostAddress[]> {
  const version = isIP(host);
  const isWritten = version !== 0 || host === 'localhost' || host.endsWith('.localhost');
  const addresses = version === 0 ? await resolve(host) : [{ address: host, family: version }];
  if (addresses.length === 0) throw new DestinationRefused('no-address');
  for (const { address } of addresses) {
    const kind = kindOfAddress(address);
    if (kind === 'forbidden') throw new DestinationRefused('forbidden');
    if (kind === 'loopback' && rule.loopback === 'if-written' && !isWritten)
      throw new DestinationRefused('this-machine');
  }
  return addresses;
}

/** For sockets and agents, which resolve by it and connect to what it gives. They do not ask for hosts that are addresses already: see `isForbiddenHost`. */
export function guardedLookup(rule: DestinationRule, resolve?: ResolveHost): LookupFunction {
  return (host, how, done) => {
    safeAddresses(host, rule, resolve).then(
      (addresses) => answer(addresses, how, done),
      (error: unknown) => done(error instanceof Error ? error : new Error('not resolved', { cause: error }), ''),
    );
  };
}

/** Of the addresses that were checked those that the socket can use. */
function answer(
  addresses: readonly HostAddress[],
  { all, family }: Parameters<LookupFunction>[1],
  done: Parameters<LookupFunction>[2],
): void {
  const wanted = family === 4 || family === 6 ? addresses.filter((found) => found.family === family) : addresses;
  const [first] = wanted;
  if (first === undefined) done(new DestinationRefused('no-address'), '');
  else if (all === true) done(null, [...wanted]);
  else done(null, first.address, first.family);
}
