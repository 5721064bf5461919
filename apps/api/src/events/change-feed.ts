import type { ChangeRepository, WatchedBackup } from '#catalog';
import { isFinal, type Random } from '#contracts';
import { toBackupEvent } from './backup-event.js';
import type { EventPlace } from './event-id.js';

/** One event for everybody who listens. */
export interface FeedEvent {
  readonly place: EventPlace;
  readonly backupId: string;
  /** `removed`: the record was taken back, because its job could not be queued. */
  readonly kind: 'backup' | 'removed';
  /** The JSON of its data. */
  readonly data: string;
}

export interface FeedOptions {
  readonly changes: ChangeRepository;
  readonly random: Random;
  readonly onEvent: (event: FeedEvent) => void;
  readonly onTrouble: (error: unknown) => void;
  readonly everyMs: number;
}

/** Writes become visible in another order than their times by at most so much. */
export const overlapMs = 5_000;
/** Pause after a look that failed. */
const troubleMs = 2_000;
const pageSize = 500;
/** Events that can be repeated exactly to somebody who comes back. */
export const mostKept = 1_000;

interface Seen {
  readonly data: string;
  /** Milliseconds by the catalogue's server. */
  readonly changed: number;
  readonly open: boolean;
}

/**
 * What changed in the catalogue, looked for by one poller for all listeners of a process. The catalogue is the truth: nothing is lost when a look fails, for the
 * next one goes on where the last good one ended. An event is a state, not a step: who missed some sees the newest.
 */
export class ChangeFeed {
  readonly #options: FeedOptions;
  readonly #seen = new Map<string, Seen>();
  readonly #kept: FeedEvent[] = [];
  readonly id: string;
  #number = 0;
  #time = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  private constructor(options: FeedOptions) {
    this.#options = options;
    this.id = options.random.bytes(6).toString('hex');
  }

  /** A feed that knows the present state. Throws `catalog/…` when that cannot be had. */
  static async start(options: FeedOptions): Promise<ChangeFeed> {
    const feed = new ChangeFeed(options);
    feed.#time = (await options.changes.now()).getTime();
    await feed.#look(false);
    feed.#schedule(options.everyMs);
    return feed;
  }

  /** Everything up to here was told. */
  get place(): EventPlace {
    return { time: this.#time, number: this.#number, feed: this.id };
  }

  /** The present state of what is not at rest. */
  open(): readonly { readonly backupId: string; readonly data: string }[] {
    return [...this.#seen].flatMap(([backupId, { data, open }]) => (open ? [{ backupId, data }] : []));
  }

  /** What was told after a place; null when this feed cannot tell exactly. */
  after({ feed, number }: EventPlace): readonly FeedEvent[] | null {
    const oldest = this.#kept[0]?.place.number ?? this.#number + 1;
    if (feed !== this.id || number > this.#number || number < oldest - 1) return null;
    return this.#kept.slice(this.#kept.length - (this.#number - number));
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(pauseMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#look(true).then(
        () => this.#schedule(this.#options.everyMs),
        (error: unknown) => {
          this.#options.onTrouble(error);
          this.#schedule(troubleMs);
        },
      );
    }, pauseMs);
    this.#timer.unref();
  }

  async #look(tell: boolean): Promise<void> {
    const { changes } = this.#options;
    const [written, open] = await Promise.all([this.#written(), changes.open()]);
    // A new record has no time yet: those that are not at rest are looked at in any case.
    const found = new Map([...open, ...written].map((backup) => [backup.backupId, backup]));
    const left = [...this.#seen].filter(([backupId, seen]) => seen.open && !found.has(backupId));
    const ids = left.map(([backupId]) => backupId);
    for (const backup of await changes.of(ids)) found.set(backup.backupId, backup);
    if (this.#stopped) return;
    const changed = [...found.values()].sort((a, b) => a.changedAt.getTime() - b.changedAt.getTime());
    for (const backup of changed) this.#see(backup, tell);
    for (const backupId of ids) if (!found.has(backupId)) this.#remove(backupId, tell);
    this.#time = Math.max(this.#time, ...written.map(({ changedAt }) => changedAt.getTime()));
    this.#forget();
  }

  async #written(): Promise<readonly WatchedBackup[]> {
    const since = new Date(this.#time - overlapMs);
    const written: WatchedBackup[] = [];
    for (;;) {
      const page = await this.#options.changes.since(since, { skip: written.length, limit: pageSize });
      written.push(...page);
      if (page.length < pageSize) return written;
    }
  }

  #see(backup: WatchedBackup, tell: boolean): void {
    const { backupId, status } = backup;
    const data = JSON.stringify(toBackupEvent(backup));
    const before = this.#seen.get(backupId);
    this.#seen.set(backupId, { data, changed: backup.changedAt.getTime(), open: !isFinal(status) });
    if (tell && before?.data !== data) this.#tell(backupId, 'backup', data);
  }

  #remove(backupId: string, tell: boolean): void {
    this.#seen.delete(backupId);
    if (tell) this.#tell(backupId, 'removed', JSON.stringify({ backupId }));
  }

  /** Its time is that of the look before: whoever goes on from there sees this whole look again. */
  #tell(backupId: string, kind: FeedEvent['kind'], data: string): void {
    this.#number += 1;
    const event = { place: this.place, backupId, kind, data };
    this.#kept.push(event);
    if (this.#kept.length > mostKept) this.#kept.shift();
    this.#options.onEvent(event);
  }

  /** What is at rest and was not written lately will not be found again by the next look. */
  #forget(): void {
    for (const [backupId, { open, changed }] of this.#seen)
      if (!open && changed < this.#time - 2 * overlapMs) this.#seen.delete(backupId);
  }
}
