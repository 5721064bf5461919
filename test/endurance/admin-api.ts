import { request as httpRequest } from 'node:http';
import { makeToken, type Role } from '../support/api-client.js';
import type { Installation } from './installation.js';
import type { Lag } from '../support/lag.js';
import { judgeReply } from './model/reply-rules.js';
import type { Violation } from './model/rules.js';
import type { Slot } from './slot.js';
import { pause } from './pause.js';

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** `performance` has no part in promises: times are of the clock that records use. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

const patienceMs = 20_000;

/** Speaks to the replicas as people do, and judges every reply. */
export class AdminApi {
  count = 0;
  slowestMs = 0;

  constructor(
    private readonly installation: Installation,
    private readonly lag: Lag,
    private readonly onViolation: (violation: Violation) => void,
  ) {}

  get replicas(): Slot[] {
    return this.installation.slots.filter(({ app }) => app === 'api');
  }

  /** Undefined: no reply (the replica is down or went down), so nobody can tell what was done. */
  async ask(slot: Slot, role: Role, method: string, path: string, body?: unknown): Promise<Answer | undefined> {
    const { url, epoch } = slot;
    if (url === undefined) return undefined;
    this.count += 1;
    const started = performance.now();
    const sentAt = Date.now();
    // A token for each request: the limit is one for a token, and this client is many people.
    const token = makeToken(this.installation.jwtSecret, role, `endurance-${this.count}`);
    const asking = exchange(`${url}${path}`, method, token, body);
    const behind = probeBehind(url, asking);
    const reply = await asking;
    const tookMs = performance.now() - started;
    const lagMs = Math.max(this.lag.since(started), await behind);
    const disturbed = slot.epoch !== epoch;
    const { status, mediaType } = reply;
    const judged = { request: `${method} ${path}`, process: slot.name, status, mediaType, tookMs, disturbed };
    if (!disturbed && status !== undefined) this.slowestMs = Math.max(this.slowestMs, tookMs);
    for (const violation of judgeReply({ ...judged, lagMs })) this.onViolation(violation);
    if (status === undefined) return undefined;
    return { status, body: reply.body, sentAt, answeredAt: Date.now() };
  }
}

const probeEveryMs = 200;

/**
 * How far behind the process itself is while a request is under way: the longest answer of its liveness probe, which depends on nothing. On a machine that is busy
 * with other things it takes a request up so much later, and its timers fire so much later.
 */
async function probeBehind(url: string, asking: Promise<unknown>): Promise<number> {
  const state = { over: false };
  const end = asking.finally(() => (state.over = true));
  let longest = 0;
  while (!state.over) {
    const started = performance.now();
    await exchange(`${url}/health/live`, 'GET', undefined, undefined);
    longest = Math.max(longest, performance.now() - started);
    await Promise.race([end, pause(probeEveryMs)]);
  }
  return longest;
}

interface Exchange {
  readonly status: number | undefined;
  readonly mediaType: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One connection for one request: one that is kept may be closed by the server in the moment in which it is used again. */
function exchange(url: string, method: string, token: string | undefined, body: unknown): Promise<Exchange> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(payload === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
  };
  return new Promise((resolve) => {
    const none = (): void => resolve({ status: undefined, mediaType: '', body: {} });
    const sent = httpRequest(url, { method, headers, agent: false, timeout: patienceMs }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('error', none);
      reply.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const mediaType = reply.headers['content-type'] ?? '';
        const isJson = mediaType.includes('json') && text !== '';
        const parsed = isJson ? (JSON.parse(text) as Readonly<Record<string, unknown>>) : {};
        resolve({ status: reply.statusCode, mediaType, body: parsed });
      });
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', none);
    sent.end(payload);
  });
}
