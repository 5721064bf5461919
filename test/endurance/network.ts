import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

export const services = ['redis', 'catalog', 'store', 'source', 'target'] as const;
export type ServiceName = (typeof services)[number];
export type LinkFault = 'cut' | 'reset' | 'silence' | 'slow';

/** The way of one process to one service. */
export class Link {
  #fault: LinkFault | undefined;

  private constructor(
    readonly name: string,
    private readonly proxy: TcpProxy,
    private readonly pace: { latencyMs: number },
  ) {}

  static async open(name: string, uri: string): Promise<Link> {
    const pace = { latencyMs: 0 };
    return new Link(name, await startTcpProxy(uri, pace), pace);
  }

  get uri(): string {
    return this.proxy.uri;
  }

  get isWell(): boolean {
    return this.#fault === undefined;
  }

  strike(fault: LinkFault, latencyMs: number): void {
    this.#fault = fault;
    if (fault === 'slow') this.pace.latencyMs = latencyMs;
    else this.proxy[fault]();
  }

  /** What a black hole swallowed is lost for good, and no network goes on with the rest of a stream: its connections are reset. */
  heal(): void {
    if (this.#fault === 'silence') this.proxy.reset();
    this.proxy.mend();
    this.pace.latencyMs = 0;
    this.#fault = undefined;
  }

  close(): Promise<void> {
    return this.proxy.close();
  }
}

/** Everything that one process reaches, each by a link of its own: so it can be parted from one service while the others are not. */
export class Network {
  private constructor(private readonly links: ReadonlyMap<ServiceName, Link>) {}

  static async open(process: string, uris: Readonly<Partial<Record<ServiceName, string>>>): Promise<Network> {
    const links = new Map<ServiceName, Link>();
    for (const service of services) {
      const uri = uris[service];
      if (uri !== undefined) links.set(service, await Link.open(`${process} to ${service}`, uri));
    }
    return new Network(links);
  }

  uri(service: ServiceName): string {
    const link = this.links.get(service);
    if (link === undefined) throw new Error(`there is no link to ${service}`);
    return link.uri;
  }

  link(service: ServiceName): Link | undefined {
    return this.links.get(service);
  }

  heal(): void {
    for (const link of this.links.values()) if (!link.isWell) link.heal();
  }

  async close(): Promise<void> {
    await Promise.all([...this.links.values()].map((link) => link.close()));
  }
}
