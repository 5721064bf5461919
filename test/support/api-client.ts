import jwt from 'jsonwebtoken';
import { randomUUID } from 'node:crypto';
import { waitUntil } from '../services/wait-until.js';

export type Role = 'viewer' | 'operator' | 'admin';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; null without a body. */
  readonly body: Record<string, unknown>;
}

/** A token as an identity provider would make it at a time (spec/api.md, "Token claims"); good for an hour. */
export function makeToken(secret: string, role: Role, subject = `test-${role}`, at = new Date()): string {
  return jwt.sign({ role, iat: Math.floor(at.getTime() / 1000) }, secret, {
    algorithm: 'HS256',
    subject,
    issuer: 'hazina',
    audience: 'hazina',
    expiresIn: '1h',
    jwtid: randomUUID(),
  });
}

/** Speaks to the admin routes as one role. */
export class ApiClient {
  constructor(
    readonly baseUrl: string,
    readonly token: string | undefined,
  ) {}

  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  }

  get(path: string): Promise<Reply> {
    return this.request('GET', path);
  }

  post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Reply> {
    return this.request('POST', path, body, headers);
  }

  /** Triggers a backup and returns its id. */
  async trigger(body: Record<string, unknown> = {}): Promise<string> {
    const reply = await this.post('/api/admin/backups/trigger', body);
    if (reply.status !== 202) throw new Error(`trigger: ${reply.status} ${JSON.stringify(reply.body)}`);
    return String(reply.body['backupId']);
  }

  async backup(backupId: string): Promise<Record<string, unknown>> {
    const reply = await this.get(`/api/admin/backups/${backupId}`);
    if (reply.status !== 200) throw new Error(`show ${backupId}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  }

  /** Waits until a backup has one of these states. */
  async settled(
    backupId: string,
    states: readonly string[] = ['completed', 'failed', 'cancelled', 'deleted'],
    timeoutMs = 60_000,
  ): Promise<Record<string, unknown>> {
    let last: Record<string, unknown> = {};
    return waitUntil(
      async () => {
        last = await this.backup(backupId);
        return states.includes(String(last['status'])) ? last : undefined;
      },
      {
        what: `${backupId} to be ${states.join(' or ')}`,
        timeoutMs,
        // A token has 120 requests a minute: oftener, and a long wait would see nothing but 429.
        intervalMs: 400,
        onTimeout: () => JSON.stringify(last),
      },
    );
  }

  /** Asks for a restore and returns its id. */
  async restore(backupId: string, wish: Record<string, unknown>): Promise<string> {
    const reply = await this.post(`/api/admin/backups/${backupId}/restore`, wish);
    if (reply.status !== 202) throw new Error(`restore: ${reply.status} ${JSON.stringify(reply.body)}`);
    return String(reply.body['restoreId']);
  }

  /** Waits until a restore is over, or fits. */
  async restored(
    restoreId: string,
    fits: (restore: Record<string, unknown>) => boolean = ({ completedAt }) => completedAt !== null,
    timeoutMs = 60_000,
  ): Promise<Record<string, unknown>> {
    let last: Record<string, unknown> = {};
    const look = async (): Promise<Record<string, unknown> | undefined> => {
      last = (await this.get(`/api/admin/restores/${restoreId}`)).body;
      return fits(last) ? last : undefined;
    };
    const onTimeout = (): string => JSON.stringify(last);
    return waitUntil(look, { what: `the restore ${restoreId}`, timeoutMs, intervalMs: 150, onTimeout });
  }

  /** Waits for a condition on the service. */
  settledWhen(condition: () => Promise<boolean>, what: string, timeoutMs = 60_000): Promise<unknown> {
    return waitUntil(condition, { what, timeoutMs, intervalMs: 150 });
  }
}
