import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModuleMetadata } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Redis } from 'ioredis';
import jsonwebtoken from 'jsonwebtoken';
import { MongoClient } from 'mongodb';
import { loadApiConfig } from '#config';
import type { Address, Method, ReplyOf } from '#client';
import type { Role } from '#contracts';
import { AuditLog } from '../../apps/api/src/audit/audit-log.js';
import { closeCore, openCore, type Core } from '../../apps/api/src/core/open-core.js';
import { createApi } from '../../apps/api/src/create-api.js';
import { currentCorrelationId } from '../../apps/api/src/http/request-context.js';
import { ServiceLog } from '../../apps/api/src/logging/service-log.js';
import { services, uniqueDatabase, waitUntil } from '../services/services.js';

export interface ApiReply<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON in it. */
  readonly body: Body;
}

/** What a route of docs/openapi.json answers. */
type Answer<M extends Method, Path extends string> = Promise<ApiReply<ReplyOf<M, Path>>>;

export interface ApiCall {
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly redirect?: 'follow' | 'manual';
}

export interface ApiWorldOptions {
  readonly environment?: Record<string, string>;
  /** Files by path, beside the real ones. */
  readonly files?: Record<string, string>;
  /** Parts instead of the real ones. */
  readonly parts?: (core: Core) => Partial<Core>;
  /** Modules beside the application's own. */
  readonly modules?: NonNullable<ModuleMetadata['imports']>;
  /** Default true: wait for the catalogue. False where it is down. */
  readonly waitForCatalog?: boolean;
}

export const jwtSecret = randomBytes(24).toString('hex');

/** The real application in this process, on the real services, with a database, a folder and Redis keys of its own. */
export class ApiWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'hazina-api-'));
  readonly database = uniqueDatabase('api');
  readonly redisPrefix = `test-${randomBytes(6).toString('hex')}`;
  readonly lines: string[] = [];
  core!: Core;
  app!: NestExpressApplication;
  url!: string;

  static async start(options: ApiWorldOptions = {}): Promise<ApiWorld> {
    const world = new ApiWorld();
    const load = () =>
      loadApiConfig({
        environment: { ...world.environment(), ...options.environment },
        readFile: (path) => Buffer.from(options.files?.[path] ?? readFileSync(path)),
        workingDirectory: world.folder,
      });
    const config = await load();
    const log = ServiceLog.open({
      service: 'hazina-api',
      correlationId: currentCorrelationId,
      level: config.logLevel,
      version: 'test',
      write: (line) => world.lines.push(line),
    });
    const real = await openCore(config, 'test', log, () => undefined, load);
    world.core = { ...real, ...options.parts?.(real) };
    world.app = await createApi(world.core, options.modules);
    await world.app.listen(0, '127.0.0.1');
    const { port } = world.app.getHttpServer().address() as AddressInfo;
    world.url = `http://127.0.0.1:${port}`;
    if (options.waitForCatalog !== false)
      await waitUntil(() => world.core.started(), { what: 'the catalogue', timeoutMs: 30_000 });
    return world;
  }

  environment(): Record<string, string> {
    return {
      CATALOG_MONGODB_URI: this.#uri(),
      REDIS_URL: services().redisUrl,
      REDIS_PREFIX: this.redisPrefix,
      JWT_SECRET: jwtSecret,
      BACKUP_TARGET_NAME: 'clinic',
      BACKUP_DIRECTORY: join(this.folder, 'store'),
      API_HOST: '127.0.0.1',
    };
  }

  /** A valid token, with a rate limit of its own; `claims` replace the usual ones, undefined ones are left out. */
  token(role: Role | undefined, claims: Record<string, unknown> = {}): string {
    return sign({ role, ...claims });
  }

  /** What the document does not have, too: wrong requests. */
  call(method: string, path: string, call: ApiCall = {}): Promise<ApiReply> {
    return this.#ask(method, path, call);
  }

  /** As docs/openapi.json (libs/client) has it: what the API no longer has or says does not compile. */
  get<const Path extends string>(path: Address<'get', Path>, call: ApiCall = {}): Answer<'get', Path> {
    return this.#ask('GET', path, call);
  }

  /** The body is whatever a test wants to see taken or refused. */
  post<const Path extends string>(
    path: Address<'post', Path>,
    body?: unknown,
    call: ApiCall = {},
  ): Answer<'post', Path> {
    return this.#ask('POST', path, { ...call, body });
  }

  /** What the catalogue's collections hold, as it lies there. */
  async documents(collection: string): Promise<Record<string, unknown>[]> {
    const client = new MongoClient(services().mongodbUri);
    try {
      return await client.db(this.database).collection(collection).find().toArray();
    } finally {
      await client.close();
    }
  }

  /** Somebody writes into the catalogue past the service. */
  async changeDocument(
    collection: string,
    filter: Record<string, unknown>,
    set: Record<string, unknown>,
  ): Promise<void> {
    const client = new MongoClient(services().mongodbUri);
    try {
      const { matchedCount } = await client.db(this.database).collection(collection).updateOne(filter, { $set: set });
      if (matchedCount !== 1) throw new Error(`nothing in ${collection} fits`);
    } finally {
      await client.close();
    }
  }

  /** The audit log, with the entries that are still under way. */
  async auditEntries(): Promise<Record<string, unknown>[]> {
    await this.app.get(AuditLog).settled();
    return this.documents('auditlog');
  }

  async close(): Promise<void> {
    await this.app.close();
    await closeCore(this.core);
    const redis = new Redis(services().redisUrl);
    const keys = await redis.keys(`${this.redisPrefix}:*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
    const client = new MongoClient(services().mongodbUri);
    await client.db(this.database).dropDatabase();
    await client.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #ask(method: string, path: string, call: ApiCall): Promise<ApiReply<never>> {
    const { token = this.token('admin'), body, headers = {}, redirect = 'manual' } = call;
    const response = await fetch(`${this.url}${path}`, {
      method,
      redirect,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      get body() {
        return JSON.parse(text) as never;
      },
    };
  }

  #uri(): string {
    const url = new URL(services().mongodbUri);
    url.pathname = `/${this.database}`;
    return url.toString();
  }
}

/** A token as somebody might make it. */
export function sign(
  claims: Record<string, unknown> = {},
  options: { readonly key?: string; readonly algorithm?: jsonwebtoken.Algorithm } = {},
): string {
  const iat = Math.floor(Date.now() / 1000);
  const usual = {
    sub: 'tester',
    iss: 'hazina',
    aud: 'hazina',
    jti: randomBytes(8).toString('hex'),
    iat,
    exp: iat + 600,
  };
  const { key = jwtSecret, algorithm = 'HS256' } = options;
  const all = Object.entries<unknown>({ ...usual, ...claims }).filter(([, value]) => value !== undefined);
  const noTimestamp = 'iat' in claims && claims['iat'] === undefined;
  return jsonwebtoken.sign(Object.fromEntries(all), key, { algorithm, noTimestamp });
}
