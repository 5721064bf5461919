import type { ServerResponse } from 'node:http';
import type { Identity } from '../auth/identity.js';
import { mostKept, type FeedEvent } from './change-feed.js';
import { formatEventId, type EventPlace } from './event-id.js';

export interface ListenerOptions {
  readonly response: ServerResponse;
  readonly identity: Identity;
  /** Null: all of them. */
  readonly backupId: string | null;
  /** Of the ticket that let it in; stands in its ids. */
  readonly resumeCode: string | null;
  readonly monotonicMs: () => number;
  /** What the client is to wait before it comes back. */
  readonly retryMs: number;
}

export type EndReason = 'token-expired' | 'token-revoked' | 'shutting-down';

/** The state of one backup, as JSON. */
export interface State {
  readonly backupId: string;
  readonly data: string;
}

/** What a listener is told first. */
export interface Present {
  readonly states: readonly State[];
  /** Where to go on when all of it has arrived … */
  readonly place: EventPlace;
  /** … and when not. */
  readonly before: EventPlace;
  /** More was missed than is told: the client has to load its lists anew. */
  readonly reset: boolean;
}

/**
 * States that wait for a listener: of each backup the newest. One that falls further behind is cut off, and can resume. More than a feed repeats: what it repeats
 * comes in one go, before the connection had a chance to take any of it, and whoever was cut off by that would be cut off again and again. Who misses more than
 * that is told to load its lists anew.
 */
const mostWaiting = mostKept + 250;
/** So long may a listener take nothing, beyond what the connection itself buffers. */
const patienceMs = 30_000;
/** A listener that takes nothing is not waited for at the end. */
const farewellMs = 1_000;

/**
 * One connection. It buffers no more than one state of each backup: what a slow client does not take is replaced by what is newer. It begins held: what comes
 * meanwhile waits until the present state was sent.
 */
export class Listener {
  readonly identity: Identity;
  readonly backupId: string | null;
  readonly #options: ListenerOptions;
  readonly #waiting = new Map<string, FeedEvent>();
  #held = true;
  #full = false;
  #since: number;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.identity = options.identity;
    this.backupId = options.backupId;
    this.#since = options.monotonicMs();
    options.response.on('drain', () => {
      this.#full = false;
      this.#flush();
    });
  }

  /** Events that wait and say what was just sent are left out. */
  begin({ states, place, before, reset }: Present): void {
    const last = states.length - 1;
    const frames = states.map(({ data }, index) => this.#frame('backup', data, index === last ? place : before));
    this.#head(`${reset ? 'event: reset\ndata: {}\n\n' : ''}${frames.join('')}id: ${this.#id(place)}\n\n`);
    const sent = new Map(states.map(({ backupId, data }) => [backupId, data]));
    for (const [backupId, { kind, data }] of this.#waiting)
      if (kind === 'backup' && sent.get(backupId) === data) this.#waiting.delete(backupId);
    this.#held = false;
    this.#flush();
  }

  /** Instead of the present state exactly what it missed; whatever waits is among it. */
  replay(missed: readonly FeedEvent[], from: EventPlace): void {
    this.#head(`id: ${this.#id(from)}\n\n`);
    this.#waiting.clear();
    this.#held = false;
    for (const event of missed) this.send(event);
  }

  send(event: FeedEvent): void {
    if (this.backupId !== null && event.backupId !== this.backupId) return;
    // Anew at the end, so that ids only rise.
    this.#waiting.delete(event.backupId);
    this.#waiting.set(event.backupId, event);
    if (!this.#held) this.#flush();
    if (this.#waiting.size > mostWaiting) this.cut();
  }

  /** A comment that keeps proxies from closing the connection, and finds out whether anybody is there. */
  beat(): void {
    if (!this.#full && !this.#held) this.#write(': beat\n\n');
    else if (this.#options.monotonicMs() - this.#since > patienceMs) this.cut();
  }

  end(reason: EndReason): void {
    const { response } = this.#options;
    if (response.headersSent && !this.#full) this.#write(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`);
    if (!response.writableEnded) response.end();
    setTimeout(() => this.cut(), farewellMs).unref();
  }

  cut(): void {
    this.#options.response.destroy();
  }

  #head(text: string): void {
    const { response, retryMs } = this.#options;
    if (response.destroyed || response.headersSent) return;
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      // Proxies that buffer replies are asked not to.
      'X-Accel-Buffering': 'no',
    });
    this.#write(`retry: ${retryMs}\n\n${text}`);
  }

  #flush(): void {
    for (const [backupId, { kind, data, place }] of this.#waiting) {
      if (this.#full) return;
      this.#waiting.delete(backupId);
      this.#write(this.#frame(kind, data, place));
    }
  }

  /** States are plain messages: `onmessage` takes them. */
  #frame(kind: FeedEvent['kind'], data: string, place: EventPlace): string {
    return `${kind === 'backup' ? '' : `event: ${kind}\n`}id: ${this.#id(place)}\ndata: ${data}\n\n`;
  }

  #id(place: EventPlace): string {
    return formatEventId(place, this.#options.resumeCode);
  }

  #write(text: string): void {
    const { response } = this.#options;
    if (response.destroyed || response.writableEnded || response.write(text)) return;
    this.#full = true;
    this.#since = this.#options.monotonicMs();
  }
}
