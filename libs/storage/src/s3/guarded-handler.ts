import { NodeHttpHandler } from '@smithy/node-http-handler';
import { DestinationRefused, guardedLookup, isForbiddenHost, type ResolveHost } from '#contracts';

export interface HandlerOptions {
  readonly connectionTimeout: number;
  readonly socketTimeout: number;
  readonly maxSockets: number;
  /** Default: the system's. */
  readonly resolve?: ResolveHost | undefined;
}

/** HTTP for the SDK, which goes to no link-local or metadata address, wherever its endpoint came from: each connection goes to an address that was checked for it. */
export function guardedHandler(options: HandlerOptions): NodeHttpHandler {
  const { connectionTimeout, socketTimeout, maxSockets, resolve } = options;
  const agent = { keepAlive: true, maxSockets, lookup: guardedLookup({ loopback: 'anywhere' }, resolve) };
  return new GuardedHandler({ connectionTimeout, socketTimeout, httpAgent: agent, httpsAgent: agent });
}

class GuardedHandler extends NodeHttpHandler {
  override handle(...given: Parameters<NodeHttpHandler['handle']>): ReturnType<NodeHttpHandler['handle']> {
    const [{ hostname }] = given;
    // An address is connected to without any lookup.
    if (isForbiddenHost(hostname)) return Promise.reject(new DestinationRefused('forbidden'));
    return super.handle(...given);
  }
}
