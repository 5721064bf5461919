import type { AgentOptions, ClientRequest } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, getCACertificates, type ConnectionOptions, type PeerCertificate } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import type { Secret } from '#contracts';

type ConnectArguments = Parameters<HttpsProxyAgent<string>['connect']>;

/** Every connection through a proxy, by CONNECT: what goes through stays sealed between us and the store. */
export class ProxyAgent extends HttpsProxyAgent<string> {
  readonly #ca: ConnectionOptions['ca'];

  constructor(proxy: Secret, options: AgentOptions & ConnectionOptions) {
    super(proxy.reveal(), options);
    this.#ca = options.ca;
  }

  override connect(request: ClientRequest, options: ConnectArguments[1]): Promise<Socket> {
    const host = options.host ?? '';
    // What the agent was given is for its way to the proxy: the store behind it is to be trusted as well. And an address has no name by which TLS would know it.
    const trust = {
      ...(this.#ca === undefined ? {} : { ca: this.#ca }),
      ...(isIP(host) === 0
        ? {}
        : {
            checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate),
          }),
    };
    return super.connect(request, Object.assign({}, options, trust));
  }
}

/** Node takes a list of authorities in the place of its own. */
export function trustedWith(ca: string): string[] {
  return [...getCACertificates('default'), ca];
}
