import { waitUntil } from '../services/wait-until.js';

export interface StreamMessage {
  /** Null: a message without an id of its own. */
  readonly id: string | null;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** A reader of Server-Sent Events as the HTML standard has it: what an EventSource would dispatch, and what lies between. */
export class EventStream {
  readonly messages: StreamMessage[] = [];
  readonly comments: string[] = [];
  retry: number | undefined;
  lastEventId = '';
  ended = false;
  readonly #abort = new AbortController();

  private constructor(readonly response: Response) {}

  static async open(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
    const abort = new AbortController();
    const response = await fetch(url, { headers, signal: abort.signal });
    const stream = new EventStream(response);
    stream.#abort.signal.addEventListener('abort', () => abort.abort());
    if (response.status === 200) void stream.#read();
    return stream;
  }

  /** The `data` of plain messages, the states of backups. */
  get states(): Record<string, unknown>[] {
    return this.messages.filter(({ event }) => event === 'message').map(({ data }) => data);
  }

  /** Waits for a message that fits. */
  until(fits: (message: StreamMessage) => boolean, what: string, timeoutMs = 20_000): Promise<StreamMessage> {
    const look = (): StreamMessage | undefined => this.messages.find(fits);
    return waitUntil(look, { what, timeoutMs, onTimeout: () => JSON.stringify(this.messages.slice(-5)) });
  }

  untilEnded(timeoutMs = 20_000): Promise<unknown> {
    return waitUntil(() => this.ended, { what: 'the end of the stream', timeoutMs });
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of this.response.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } catch {
      // Cut off, by us or by the server.
    }
    this.ended = true;
  }

  #take(block: string): void {
    let id: string | null = null;
    let event = 'message';
    const data: string[] = [];
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = line.slice(colon + 1).replace(/^ /, '');
      if (field === '') this.comments.push(value);
      else if (field === 'retry') this.retry = Number(value);
      else if (field === 'event') event = value;
      else if (field === 'data') data.push(value);
      else if (field === 'id') id = value;
    }
    if (id !== null) this.lastEventId = id;
    if (data.length > 0)
      this.messages.push({ id, event, data: JSON.parse(data.join('\n')) as Record<string, unknown> });
  }
}
