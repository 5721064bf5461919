import { NodeHttpHandler } from '@smithy/node-http-handler';
import { DestinationRefused, guardedLookup, isForbiddenHost, type ResolveHost, type Secret } from '#contracts';
import { ProxyAgent, trustedWith } from './proxy-agent.js';
import { asUntrusted } from './untrusted-server.js';

export interface HandlerOptions {
  readonly connectionTimeout: number;
  readonly socketTimeout: number;
  readonly maxSockets: number;
  /** Default: the system's. */
  readonly resolve?: ResolveHost | undefined;
  readonly proxy?: Secret | undefined;
  readonly ca?: string | undefined;
}

/** HTTP for the SDK, which goes to no link-local or metadata address, wherever its endpoint came from: each connection goes to an address that was checked for it. */
export function guardedHandler(options: HandlerOptions): NodeHttpHandler {
  const { connectionTimeout, socketTimeout, maxSockets, resolve, proxy } = options;
  const trusted = options.ca === undefined ? {} : { ca: trustedWith(options.ca) };
  const plain = { keepAlive: true, maxSockets, lookup: guardedLookup({ loopback: 'anywhere' }, resolve), ...trusted };
  const agent = proxy === undefined ? plain : new ProxyAgent(proxy, plain);
  return new GuardedHandler({ connectionTimeout, socketTimeout, httpAgent: agent, httpsAgent: agent });
}

class GuardedHandler extends NodeHttpHandler {
  override async handle(...given: Parameters<NodeHttpHandler['handle']>): ReturnType<NodeHttpHandler['handle']> {
    const [{ hostname }] = given;
    // An address is connected to without any lookup.
    if (isForbiddenHost(hostname)) throw new DestinationRefused('forbidden');
    try {
      return await super.handle(...given);
    } catch (error) {
      throw asUntrusted(error) ?? error;
    }
  }
}
