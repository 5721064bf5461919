import jwt from 'jsonwebtoken';
import { randomUUID } from 'node:crypto';
import type { Address, BodyOf, Method, ReplyOf } from '#client';
import { waitUntil } from '../services/wait-until.js';

export type Role = 'viewer' | 'operator' | 'admin';

export interface Reply<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; empty without a body. */
  readonly body: Body;
}

/** What a route of docs/openapi.json answers. */
type Answer<M extends Method, Path extends string> = Promise<Reply<ReplyOf<M, Path>>>;

export type Backup = Required<ReplyOf<'get', '/api/admin/backups/{backupId}'>>;
export type Restore = ReplyOf<'get', '/api/admin/restores/{restoreId}'>;
type TriggerWish = BodyOf<'post', '/api/admin/backups/trigger'>;
type RestoreWish = BodyOf<'post', '/api/admin/backups/{backupId}/restore'>;

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

/** Between two looks of a wait. A token has 120 requests a minute: oftener, and a long wait would see nothing but 429. */
export const askEveryMs = 600;

/**
 * Speaks to the admin routes as one role. Paths, query fields, bodies and replies are those of docs/openapi.json (libs/client): what the API no longer has, takes or
 * says does not compile here. `request` is for what the document does not have: wrong requests, and paths that the service itself told.
 */
export class ApiClient {
  constructor(
    readonly baseUrl: string,
    readonly token: string | undefined,
  ) {}

  request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    return this.#ask(method, path, body, headers);
  }

  get<const Path extends string>(path: Address<'get', Path>): Answer<'get', Path> {
    return this.#ask('GET', path);
  }

  post<const Path extends string>(
    path: Address<'post', Path>,
    body?: BodyOf<'post', Path>,
    headers: Record<string, string> = {},
  ): Answer<'post', Path> {
    const sent: unknown = body;
    return this.#ask('POST', path, sent ?? {}, headers);
  }

  patch<const Path extends string>(path: Address<'patch', Path>, body: BodyOf<'patch', Path>): Answer<'patch', Path> {
    return this.#ask('PATCH', path, body);
  }

  delete<const Path extends string>(path: Address<'delete', Path>): Answer<'delete', Path> {
    return this.#ask('DELETE', path);
  }

  /** Triggers a backup and returns its id. */
  async trigger(wish: TriggerWish = {}): Promise<string> {
    const { status, body } = await this.post('/api/admin/backups/trigger', wish);
    if (status !== 202) throw new Error(`trigger: ${status} ${JSON.stringify(body)}`);
    return String(body.backupId);
  }

  async backup(backupId: string): Promise<Backup> {
    const { status, body } = await this.get(`/api/admin/backups/${backupId}`);
    if (status !== 200) throw new Error(`show ${backupId}: ${status} ${JSON.stringify(body)}`);
    return body as Backup;
  }

  /** Waits until a backup has one of these states. */
  async settled(
    backupId: string,
    states: readonly string[] = ['completed', 'failed', 'cancelled', 'deleted'],
    timeoutMs = 60_000,
  ): Promise<Backup> {
    let last: Backup | undefined;
    return waitUntil(
      async () => {
        last = await this.backup(backupId);
        return states.includes(String(last.status)) ? last : undefined;
      },
      {
        what: `${backupId} to be ${states.join(' or ')}`,
        timeoutMs,
        intervalMs: askEveryMs,
        onTimeout: () => JSON.stringify(last),
      },
    );
  }

  /** Asks for a restore and returns its id. */
  async restore(backupId: string, wish: RestoreWish): Promise<string> {
    const { status, body } = await this.post(`/api/admin/backups/${backupId}/restore`, wish);
    if (status !== 202) throw new Error(`restore: ${status} ${JSON.stringify(body)}`);
    return String(body.restoreId);
  }

  /** Waits until a restore is over, or fits. */
  async restored(
    restoreId: string,
    fits: (restore: Restore) => boolean = ({ completedAt }) => completedAt !== null,
    timeoutMs = 60_000,
  ): Promise<Restore> {
    let last: Restore = {};
    const look = async (): Promise<Restore | undefined> => {
      const { status, body } = await this.get(`/api/admin/restores/${restoreId}`);
      if (status !== 200) throw new Error(`show ${restoreId}: ${status} ${JSON.stringify(body)}`);
      last = body;
      return fits(last) ? last : undefined;
    };
    const onTimeout = (): string => JSON.stringify(last);
    return waitUntil(look, { what: `the restore ${restoreId}`, timeoutMs, intervalMs: askEveryMs, onTimeout });
  }

  /** Waits for a condition on the service. */
  settledWhen(condition: () => Promise<boolean>, what: string, timeoutMs = 60_000): Promise<unknown> {
    return waitUntil(condition, { what, timeoutMs, intervalMs: askEveryMs });
  }

  /** What the body is, the method that asks for it says. */
  async #ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply<never>> {
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
      body: (text === '' ? {} : JSON.parse(text)) as never,
    };
  }
}
