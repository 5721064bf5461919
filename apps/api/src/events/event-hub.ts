import type { ServerResponse } from 'node:http';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Catalog } from '#catalog';
import { AppError, type Clock, type Random } from '#contracts';
import { quietly } from '#logging';
import type { Identity } from '../auth/identity.js';
import { Revocations } from '../auth/revocations.js';
import { noSuchBackup } from '../backups/find-backup.js';
import { CATALOG, CLOCK, RANDOM } from '../core/tokens.js';
import { ServiceLog } from '../logging/service-log.js';
import { toBackupEvent } from './backup-event.js';
import { ChangeFeed, overlapMs, type FeedEvent } from './change-feed.js';
import { beginning, noFeed, type EventPlace } from './event-id.js';
import { Listener, type Present } from './listener.js';

const everyMs = 500;
const beatMs = 15_000;
/** The feed goes on so long without a listener, so that one who comes back finds exactly what it missed. */
const lingerMs = 60_000;
export const mostListeners = 1_000;
/** Whoever opens streams without end leaves places for others. */
export const mostOfOne = 750;
/** So many states are told to one who comes back after long; beyond, lists are to be loaded anew. */
const mostMissed = 500;

export interface Wish {
  readonly response: ServerResponse;
  readonly identity: Identity;
  /** Null: all of them. */
  readonly backupId: string | null;
  readonly resumeCode: string | null;
  /** Where it was before; null: nowhere. */
  readonly from: EventPlace | null;
}

/** All listeners of this process, on one feed of the catalogue. Without listeners nothing is looked for. */
@Injectable()
export class EventHub implements OnModuleDestroy {
  readonly #listeners = new Set<Listener>();
  readonly #once: ReturnType<typeof quietly>;
  #feed: Promise<ChangeFeed> | undefined;
  #beats: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ServiceLog) private readonly log: ServiceLog,
    @Inject(Revocations) private readonly revocations: Revocations,
  ) {
    this.#once = quietly(clock);
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** The response belongs to the listener when this has ended. Throws what the reply is to be, before anything of a stream was sent. */
  async listen(wish: Wish): Promise<void> {
    if (this.#ended) throw unavailable('This process is ending', 1);
    if (this.#listeners.size >= mostListeners)
      throw unavailable(`${mostListeners} listeners are connected to this process`, 30);
    if (this.#listenersOf(wish.identity.subject) >= mostOfOne)
      throw unavailable(`${mostOfOne} listeners of this subject are connected to this process`, 30);
    // Those who were cut off by a restart do not all come back at once.
    const retryMs = 1_000 + this.random.bytes(2).readUInt16BE() / 16;
    const listener = new Listener({
      ...wish,
      retryMs: Math.round(retryMs),
      monotonicMs: () => this.clock.monotonicMs(),
    });
    // First, so that nothing passes by while the present state is looked up.
    const leave = this.#add(listener, wish.response);
    try {
      const feed = await this.#running();
      const missed = wish.from === null ? null : feed.after(wish.from);
      if (wish.backupId !== null) await this.#beginOne(listener, feed, wish.backupId, wish.from);
      else if (wish.from !== null && missed !== null) listener.replay(missed, wish.from);
      else listener.begin(await this.#present(feed, wish.from));
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Ends all streams; those who come back find another process. */
  end(): void {
    this.#ended = true;
    for (const listener of this.#listeners) listener.end('shutting-down');
    clearInterval(this.#beats);
    clearTimeout(this.#linger);
    this.#stopFeed();
  }

  onModuleDestroy(): void {
    this.end();
  }

  async #beginOne(listener: Listener, feed: ChangeFeed, backupId: string, from: EventPlace | null): Promise<void> {
    const { place } = feed;
    const [backup] = await this.catalog.changes.of([backupId]);
    if (backup === undefined) throw noSuchBackup();
    const missed = from === null ? null : feed.after(from);
    if (from !== null && missed !== null) listener.replay(missed, from);
    else listener.begin({ states: [stateOf(backup)], place, before: beginning, reset: false });
  }

  async #present(feed: ChangeFeed, from: EventPlace | null): Promise<Present> {
    const { place } = feed;
    if (from === null || from.time === 0) return { states: feed.open(), place, before: beginning, reset: false };
    const since = new Date(from.time - overlapMs);
    const written = await this.catalog.changes.since(since, { skip: 0, limit: mostMissed + 1 });
    if (written.length > mostMissed) return { states: feed.open(), place, before: beginning, reset: true };
    const states = new Map(feed.open().map((state) => [state.backupId, state]));
    for (const backup of written) states.set(backup.backupId, stateOf(backup));
    return { states: [...states.values()], place, before: { ...from, number: 0, feed: noFeed }, reset: false };
  }

  #listenersOf(subject: string): number {
    let count = 0;
    for (const { identity } of this.#listeners) if (identity.subject === subject) count += 1;
    return count;
  }

  #running(): Promise<ChangeFeed> {
    if (this.#feed !== undefined) return this.#feed;
    const starting = ChangeFeed.start({
      changes: this.catalog.changes,
      random: this.random,
      everyMs,
      onEvent: (event) => this.#pass(event),
      onTrouble: (error) => {
        const trouble = AppError.from(error, 'catalog');
        this.#once(trouble.code, () => this.log.failure(trouble, { consequence: 'listeners wait' }));
      },
    });
    this.#feed = starting;
    starting.catch(() => {
      if (this.#feed === starting) this.#feed = undefined;
    });
    return starting;
  }

  #add(listener: Listener, response: ServerResponse): () => void {
    clearTimeout(this.#linger);
    this.#listeners.add(listener);
    this.#beats ??= setInterval(() => this.#beat(), beatMs).unref();
    const leftMs = listener.identity.expiresAt.getTime() - this.clock.now().getTime();
    const expiry = setTimeout(() => listener.end('token-expired'), Math.max(0, leftMs)).unref();
    const leave = (): void => {
      clearTimeout(expiry);
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0 || this.#ended) return;
      this.#linger = setTimeout(() => this.#stopFeed(), lingerMs).unref();
    };
    response.once('close', leave);
    return leave;
  }

  #pass(event: FeedEvent): void {
    for (const listener of this.#listeners) listener.send(event);
  }

  #beat(): void {
    for (const listener of this.#listeners) listener.beat();
    void this.#endRevoked();
  }

  async #endRevoked(): Promise<void> {
    for (const listener of this.#listeners)
      if (await this.revocations.isRevoked(listener.identity.tokenId, false)) listener.end('token-revoked');
  }

  #stopFeed(): void {
    const feed = this.#feed;
    this.#feed = undefined;
    void feed?.then(
      (running) => running.stop(),
      () => undefined,
    );
  }
}

function stateOf(backup: Parameters<typeof toBackupEvent>[0]): Present['states'][number] {
  return { backupId: backup.backupId, data: JSON.stringify(toBackupEvent(backup)) };
}

function unavailable(message: string, retryAfter: number): AppError {
  return new AppError({
    code: 'events/unavailable',
    stage: 'request',
    message,
    hint: 'Another replica may take you; GET /api/admin/backups tells the same when asked',
    retry: 'retry',
    details: { retryAfter },
  });
}
