import type { Catalog } from '#catalog';
import { AppError } from '#contracts';

/** Milliseconds between two attempts to open the catalogue at start-up. */
const pauseMs = 1_000;

/**
 * Opens the catalogue when it can be opened: the API serves (probes, its documentation, a clear 503) while MongoDB is down. Until the
 * first success each call makes one attempt, shared by all that come meanwhile; afterwards the driver reconnects by itself.
 */
export class CatalogLink {
  #catalog: Catalog | undefined;
  #attempt: Promise<Catalog> | undefined;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  readonly catalog: Catalog;

  constructor(private readonly open: () => Promise<Catalog>) {
    this.catalog = lazyCatalog(this);
  }

  /** Whether it was opened once: connected, indexes built. */
  get opened(): boolean {
    return this.#catalog !== undefined;
  }

  async use(): Promise<Catalog> {
    if (this.#catalog !== undefined) return this.#catalog;
    if (this.#closed) throw closedError();
    this.#attempt ??= this.#tryOpen().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  /** Tries until it is open, in the background; `onFailure` is told of every failed attempt. */
  openInBackground(onFailure: (error: AppError) => void): void {
    this.use().catch((error: unknown) => {
      if (this.#closed) return;
      onFailure(AppError.from(error, 'catalog'));
      this.#timer = setTimeout(() => this.openInBackground(onFailure), pauseMs);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#attempt?.catch(() => undefined);
    await this.#catalog?.close();
  }

  async #tryOpen(): Promise<Catalog> {
    this.#catalog = await this.open();
    return this.#catalog;
  }
}

function lazyCatalog(link: CatalogLink): Catalog {
  return {
    backups: lazyRepository(link, 'backups'),
    changes: lazyRepository(link, 'changes'),
    sync: lazyRepository(link, 'sync'),
    tasks: lazyRepository(link, 'tasks'),
    restores: lazyRepository(link, 'restores'),
    drills: lazyRepository(link, 'drills'),
    copies: lazyRepository(link, 'copies'),
    schedules: lazyRepository(link, 'schedules'),
    workers: lazyRepository(link, 'workers'),
    alerts: lazyRepository(link, 'alerts'),
    audit: lazyRepository(link, 'audit'),
    settings: lazyRepository(link, 'settings'),
    streamTickets: lazyRepository(link, 'streamTickets'),
    idempotency: lazyRepository(link, 'idempotency'),
    revocations: lazyRepository(link, 'revocations'),
    pageSessions: lazyRepository(link, 'pageSessions'),
    ping: async (timeoutMs) => (await link.use()).ping(timeoutMs),
    serverTime: async () => (await link.use()).serverTime(),
    examine: async () => (await link.use()).examine(),
    close: () => link.close(),
  };
}

type RepositoryName = Exclude<keyof Catalog, 'ping' | 'serverTime' | 'examine' | 'close'>;

/** The repository's methods, each of which opens the catalogue first. */
function lazyRepository<N extends RepositoryName>(link: CatalogLink, name: N): Catalog[N] {
  return new Proxy({} as Catalog[N], {
    get:
      (_target, method) =>
      async (...given: unknown[]) => {
        const repository = (await link.use())[name];
        const call: unknown = Reflect.get(repository, method);
        if (typeof call !== 'function') throw new TypeError(`${name}.${String(method)} is no method of the catalogue`);
        return Reflect.apply(call, repository, given) as unknown;
      },
  });
}

function closedError(): AppError {
  return new AppError({
    code: 'catalog/unavailable',
    stage: 'catalog',
    message: 'The catalogue was closed: this process is ending',
    hint: 'Ask again: another replica answers, or this one when it is back',
    retry: 'retry',
  });
}
