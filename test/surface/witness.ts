import { waitUntil } from '../services/services.js';
import type { ApiClient, Reply } from '../support/api-client.js';
import { hazina } from '../support/run-hazina.js';
import type { Settings } from '../support/service-world.js';
import { CommandLines, type Place } from './places.js';

/** Keeps all that is said to it, to be searched later. */
export class Witness {
  readonly commandLines = new CommandLines();
  readonly #said: Place[] = [];

  get said(): readonly Place[] {
    return this.#said;
  }

  hear(name: string, text: string): void {
    this.#said.push([name, text]);
  }

  async reply(name: string, reply: Promise<Reply<unknown>>): Promise<void> {
    const { status, body, headers } = await reply;
    this.hear(`reply: ${name}`, JSON.stringify([status, body, [...headers]]));
  }

  /** Of what `path` shows, when it has ended. */
  async ended(admin: ApiClient, path: string): Promise<Record<string, unknown>> {
    const look = async () => {
      const { body } = await admin.request('GET', path);
      return body['completedAt'] === null ? undefined : body;
    };
    const body = await waitUntil(look, { what: `the end of ${path}`, timeoutMs: 120_000, intervalMs: 500 });
    await this.reply(path, admin.request('GET', path));
    return body;
  }

  /** Runs one that must end so. */
  async command(args: readonly string[], environment: Settings, ends: 'well' | 'badly' = 'well'): Promise<void> {
    const { code, stdout, stderr } = await hazina(args, environment);
    this.hear(`command: ${args.join(' ')} (${this.#said.length})`, `exit ${code}\n${stdout}\n${stderr}`);
    const how = code === 0 ? 'well' : 'badly';
    if (how !== ends) throw new Error(`${args.join(' ')} ended ${how}: ${stderr}`);
  }
}
