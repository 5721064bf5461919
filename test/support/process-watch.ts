import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { services } from '../services/services.js';
import { pause } from './pace.js';
import { requestBytes, sendBytes } from './raw-http.js';
import type { ServiceProcess } from './service-process.js';

/** What was seen of a process while it was watched. */
export interface Seen {
  readonly rssBeforeBytes: number;
  readonly mostRssBytes: number;
  /** The longest that a probe, which depends on nothing, waited for its answer. */
  readonly slowestProbeMs: number;
  /** The longest that its event loop was held, as itself tells. */
  readonly eventLoopLagMs: number;
  readonly probes: number;
  /** Whom it spoke to beside its own services, as `tcp 10.0.0.1:80`. */
  readonly strangers: readonly string[];
}

const everyMs = 50;

/** Looks at memory, answers and connections of a process of this machine again and again, from outside. */
export class ProcessWatch {
  readonly #allowed: ReadonlySet<number>;
  readonly #strangers = new Set<string>();
  readonly #rssBefore: number;
  #mostRss = 0;
  #slowest = 0;
  #probes = 0;
  #stopped = false;
  #loop: Promise<void> = Promise.resolve();

  private constructor(private readonly service: ServiceProcess) {
    const { mongodbUri, redisUrl, s3 } = services();
    const own = [mongodbUri, redisUrl, s3.endpoint].map((uri) => Number(new URL(uri.replace(/^\w+:/, 'http:')).port));
    this.#allowed = new Set(own);
    this.#rssBefore = this.#rss();
  }

  static async start(service: ServiceProcess): Promise<ProcessWatch> {
    const watch = new ProcessWatch(service);
    // Each look at the metrics begins the histogram of the loop anew.
    await watch.#lag();
    watch.#loop = watch.#run();
    // Whoever stops it is told.
    watch.#loop.catch(() => undefined);
    return watch;
  }

  async stop(): Promise<Seen> {
    this.#stopped = true;
    await this.#loop;
    const eventLoopLagMs = Math.round((await this.#lag()) * 1000);
    return {
      rssBeforeBytes: this.#rssBefore,
      mostRssBytes: this.#mostRss,
      slowestProbeMs: Math.round(this.#slowest),
      eventLoopLagMs,
      probes: this.#probes,
      strangers: [...this.#strangers].sort(),
    };
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const started = performance.now();
      // A connection of its own each time: a kept one may be closed at its other end in the moment of its use.
      const reply = await sendBytes(this.service.port, requestBytes('GET', '/health/live', []), 30_000);
      if (reply?.status !== 200) throw new Error(`the probe was answered by ${reply?.status ?? 'nothing'}`);
      this.#slowest = Math.max(this.#slowest, performance.now() - started);
      this.#probes += 1;
      this.#mostRss = Math.max(this.#mostRss, this.#rss());
      this.#lookAtSockets();
      await pause(everyMs);
    }
  }

  async #lag(): Promise<number> {
    const reply = await sendBytes(this.service.port, requestBytes('GET', '/metrics', []), 30_000);
    return Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(reply?.body ?? '')?.[1]);
  }

  #rss(): number {
    const status = readFileSync(`/proc/${this.service.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }

  #lookAtSockets(): void {
    const own = this.#inodes();
    for (const kind of ['tcp', 'tcp6', 'udp', 'udp6']) {
      for (const line of readFileSync(`/proc/${this.service.pid}/net/${kind}`, 'utf8').split('\n').slice(1)) {
        const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
        const isListening = kind.startsWith('tcp') && state === '0A';
        if (!own.has(inode) || isListening || portOf(local) === this.service.port) continue;
        if (isLoopback(remote) && this.#allowed.has(portOf(remote))) continue;
        this.#strangers.add(`${kind} ${remote}`);
      }
    }
  }

  #inodes(): ReadonlySet<string> {
    const folder = `/proc/${this.service.pid}/fd`;
    const links = readdirSync(folder).map((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`);
      } catch {
        // Closed meanwhile.
        return '';
      }
    });
    return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  }
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}

/** 127.0.0.1, also mapped into IPv6, and ::1, as the kernel writes them: words of little-endian bytes. */
function isLoopback(address: string): boolean {
  const [host = ''] = address.split(':');
  const isVersion4 = host.length === 8 || host.startsWith('0000000000000000FFFF0000');
  return (isVersion4 && host.endsWith('7F')) || host === '00000000000000000000000001000000';
}
