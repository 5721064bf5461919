import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { waitUntil } from '../services/wait-until.js';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** One page of a real browser without a window, driven by the DevTools protocol, with a profile of its own. */
export class Browser {
  /** What its console holds of errors: refused scripts and styles, missing files, exceptions. */
  readonly troubles: string[] = [];
  readonly #pending = new Map<number, (message: Message) => void>();
  #last = 0;
  #session: string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly socket: WebSocket,
    private readonly profile: string,
  ) {
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data)) as Message));
  }

  /** `names` lead to this machine. */
  static async start(program: string, names: readonly string[] = []): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'hazina-browser-'));
    const rules = names.map((name) => `MAP ${name} 127.0.0.1`).join(',');
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
    const child = spawn(
      program,
      [
        ...flags,
        '--window-size=1280,1000',
        '--remote-debugging-port=0',
        `--host-resolver-rules=${rules}`,
        `--user-data-dir=${profile}`,
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let address: string | undefined;
    createInterface({ input: child.stderr }).on('line', (line) => {
      address ??= /DevTools listening on (ws:\S+)/.exec(line)?.[1];
    });
    await waitUntil(() => address !== undefined, { what: 'the browser', timeoutMs: 60_000 });
    const socket = new WebSocket(address ?? '');
    await once(socket, 'open');
    const browser = new Browser(child, socket, profile);
    const { targetId } = await browser.#call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.#call('Target.attachToTarget', { targetId, flatten: true });
    browser.#session = String(sessionId);
    for (const domain of ['Page', 'Runtime', 'Log', 'Audits']) await browser.#call(`${domain}.enable`);
    return browser;
  }

  async open(url: string): Promise<void> {
    const { errorText } = await this.#call('Page.navigate', { url });
    if (errorText !== undefined) throw new Error(`${url}: ${JSON.stringify(errorText)}`);
  }

  /** The value of an expression in the page; promises are waited for. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#call('Runtime.evaluate', {
      ...{ expression, returnByValue: true, awaitPromise: true, userGesture: true },
    });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { readonly value?: unknown }).value;
  }

  /** Until the expression is true; while a page is being left there may be nobody to ask. */
  async until(expression: string, what: string, timeoutMs = 60_000): Promise<void> {
    await waitUntil(async () => (await this.evaluate(`Boolean(${expression})`).catch(() => false)) === true, {
      ...{ what, timeoutMs, intervalMs: 200 },
      onTimeout: () => this.troubles.join('\n'),
    });
  }

  async screenshot(file: string): Promise<void> {
    const { data } = await this.#call('Page.captureScreenshot', { format: 'png' });
    writeFileSync(file, Buffer.from(String(data), 'base64'));
  }

  async close(): Promise<void> {
    const ended = once(this.child, 'exit');
    await Promise.race([this.#call('Browser.close'), ended]).catch(() => undefined);
    this.child.kill();
    await ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #call(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = (this.#last += 1);
    const answered = new Promise<Message>((resolve) => this.#pending.set(id, resolve));
    const sessionId = method.startsWith('Target.') || method.startsWith('Browser.') ? undefined : this.#session;
    this.socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { result = {}, error } = await answered;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  #take({ id, method, params = {}, ...answer }: Message): void {
    if (id !== undefined) {
      this.#pending.get(id)?.(answer);
      this.#pending.delete(id);
      return;
    }
    if (method !== undefined && isTrouble(method, JSON.stringify(params)))
      this.troubles.push(`${method}: ${JSON.stringify(params).slice(0, 600)}`);
  }
}

function isTrouble(method: string, params: string): boolean {
  if (method === 'Log.entryAdded') return params.includes('"level":"error"');
  if (method === 'Runtime.consoleAPICalled') return params.startsWith('{"type":"error"');
  return method === 'Runtime.exceptionThrown' || (method === 'Audits.issueAdded' && params.includes('SecurityPolicy'));
}
