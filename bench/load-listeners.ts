import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { makeToken } from '../test/support/api-client.js';

/** Listeners of Server-Sent Events, each with its own token and connection. */
export class Listeners {
  readonly #responses: IncomingMessage[] = [];
  readonly #agent = new Agent({ keepAlive: false });
  readonly #newest: number[] = [];
  messages = 0;
  /** Streams that ended though nobody ended them. */
  broken = 0;
  #closing = false;

  async open(count: number, url: string, jwtSecret: string): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const headers = { authorization: `Bearer ${makeToken(jwtSecret, 'viewer', `listener-${index}`)}` };
      const request = get(`${url}/api/admin/events`, { headers, agent: this.#agent });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      if (response.statusCode !== 200)
        throw new Error(`A listener was answered with ${response.statusCode ?? 'nothing'}`);
      this.#newest.push(0);
      response.on('data', (chunk: Buffer) => this.#take(index, chunk));
      for (const event of ['end', 'error', 'close'] as const) response.once(event, () => this.#ended());
      this.#responses.push(response);
    }
  }

  get count(): number {
    return this.#responses.length;
  }

  /** How many have seen this state, or a later one. */
  reached(bytes: number): number {
    return this.#newest.filter((seen) => seen >= bytes).length;
  }

  close(): void {
    this.#closing = true;
    for (const response of this.#responses) response.destroy();
    this.#agent.destroy();
  }

  #take(index: number, chunk: Buffer): void {
    for (const [, bytes] of chunk.toString().matchAll(/"archiveBytes":(\d+)/g)) {
      this.#newest[index] = Number(bytes);
      this.messages += 1;
    }
  }

  #ended(): void {
    if (!this.#closing) this.broken += 1;
  }
}
