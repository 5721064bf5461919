import { setTimeout as pause } from 'node:timers/promises';
import { MongoError, MongoNetworkError, MongoServerError } from 'mongodb';
import type { Change, ChangeCursor, ChangeSource } from './change-source.js';

export interface WatchedNamespace {
  readonly db: string;
  readonly collection: string;
}

/** What a watch can say of the time since it began. */
export type ChangeVerdict =
  | { readonly state: 'quiet' }
  /** Names `db.collection` that somebody wrote to. */
  | { readonly state: 'written'; readonly namespaces: readonly string[] }
  /** It could not follow all the time: nobody knows. */
  | { readonly state: 'lost'; readonly reason: string };

/** Follows changes from its beginning until somebody asks. */
export interface ChangeWatcher {
  /** Of the time from the beginning until now. */
  verdict(): Promise<ChangeVerdict>;
  close(): Promise<void>;
}

export interface ChangeWatchOptions {
  /** Between two looks while nobody asks. */
  readonly everyMs?: number;
  /** Tries to go on after an error that may pass, and the pause before the first of them. */
  readonly resumes?: number;
  readonly resumePauseMs?: number;
}

/** Errors of a stream that can never go on: its history is gone, or the position is unknown. */
const historyLost = new Set([136, 260, 280, 286]);

/** Follows the change streams of some databases from its beginning until somebody asks whether the collections were written to. */
export class ChangeWatch implements ChangeWatcher {
  readonly #written = new Set<string>();
  readonly #over = new AbortController();
  readonly #following: Promise<void>[];
  #lost: string | null = null;

  private constructor(
    private readonly source: ChangeSource,
    private readonly followers: readonly Follower[],
    everyMs: number,
  ) {
    this.#following = followers.map((follower) => this.#keepUp(follower, everyMs));
  }

  /** Throws what the server says where there is no change stream. From its return on nothing is missed. */
  static async begin(
    source: ChangeSource,
    namespaces: readonly WatchedNamespace[],
    { everyMs = 1_000, resumes = 5, resumePauseMs = 500 }: ChangeWatchOptions = {},
  ): Promise<ChangeWatch> {
    const followers: Follower[] = [];
    try {
      for (const db of new Set(namespaces.map((one) => one.db))) {
        const names = new Set(namespaces.filter((one) => one.db === db).map(({ collection }) => collection));
        const follower = new Follower(source, { db, names }, { resumes, resumePauseMs });
        await follower.open();
        followers.push(follower);
      }
    } catch (error) {
      await closeAll(followers);
      throw error;
    }
    return new ChangeWatch(source, followers, everyMs);
  }

  /** Ends the reading in between; whoever asks again gets what came since. */
  async verdict(): Promise<ChangeVerdict> {
    this.#over.abort();
    await Promise.all(this.#following);
    if (this.#lost === null && this.#written.size === 0) {
      try {
        for (const follower of this.followers) {
          await this.source.settle(follower.db);
          this.#note(await follower.drain());
        }
      } catch (error) {
        this.#lost = reasonOf(error);
      }
    }
    // What was seen was written, whatever was missed besides.
    if (this.#written.size > 0) return { state: 'written', namespaces: [...this.#written].sort() };
    return this.#lost === null ? { state: 'quiet' } : { state: 'lost', reason: this.#lost };
  }

  async close(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#following);
    await closeAll(this.followers);
    await this.source.close();
  }

  /** Cursors that nobody reads are closed by the server after a while, and their history is forgotten. */
  async #keepUp(follower: Follower, everyMs: number): Promise<void> {
    const { signal } = this.#over;
    try {
      while (!signal.aborted) {
        this.#note(await follower.drain());
        if (this.#written.size > 0) return;
        await pause(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    } catch (error) {
      this.#lost ??= reasonOf(error);
    }
  }

  #note(names: readonly string[]): void {
    for (const name of names) this.#written.add(name);
  }
}

/** The changes of one database, over as many cursors as it takes. */
class Follower {
  #cursor: ChangeCursor | null = null;
  #position: unknown;

  constructor(
    private readonly source: ChangeSource,
    private readonly watched: { readonly db: string; readonly names: ReadonlySet<string> },
    private readonly patience: { readonly resumes: number; readonly resumePauseMs: number },
  ) {}

  get db(): string {
    return this.watched.db;
  }

  async open(): Promise<void> {
    const { db, names } = this.watched;
    this.#cursor = await this.source.open(db, [...names], this.#position);
    this.#position = this.#cursor.position;
  }

  /** Names that were written to, of all that is there by now; stops at the first. */
  async drain(): Promise<string[]> {
    for (let failed = 0; ;) {
      try {
        if (this.#cursor === null) await this.open();
        for (let change = await this.#next(); change !== null; change = await this.#next()) {
          const names = this.#touched(change);
          if (names.length > 0) return names;
        }
        return [];
      } catch (error) {
        await this.close();
        if (!mayPass(error) || failed === this.patience.resumes) throw error;
        failed += 1;
        await pause(this.patience.resumePauseMs * failed, undefined, { ref: false });
      }
    }
  }

  async close(): Promise<void> {
    const cursor = this.#cursor;
    this.#cursor = null;
    await cursor?.close().catch(() => undefined);
  }

  async #next(): Promise<Change | null> {
    const cursor = this.#cursor;
    if (cursor === null) return null;
    const change = await cursor.tryNext();
    this.#position = cursor.position ?? this.#position;
    return change;
  }

  #touched({ kind, collection, to }: Change): string[] {
    const { db, names } = this.watched;
    // The database is gone, and with it every collection; the stream ends after it.
    const hit = kind === 'dropDatabase' || kind === 'invalidate' ? [...names] : [collection, to];
    return hit.flatMap((name) => (name !== null && names.has(name) ? [`${db}.${name}`] : []));
  }
}

async function closeAll(followers: readonly Follower[]): Promise<void> {
  for (const follower of followers) await follower.close();
}

function mayPass(error: unknown): boolean {
  if (error instanceof MongoServerError)
    return !historyLost.has(Number(error.code)) && error.hasErrorLabel('ResumableChangeStreamError');
  return error instanceof MongoNetworkError;
}

/** For people; of servers' texts only the code, for they may hold anything. */
export function reasonOf(error: unknown): string {
  if (error instanceof MongoServerError) {
    const code = Number(error.code);
    return historyLost.has(code) ? `its history was lost (code ${code})` : `the server refused it (code ${code})`;
  }
  return error instanceof MongoError ? `it broke off (${error.name})` : 'it broke off';
}
