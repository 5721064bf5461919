import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { connect } from 'node:net';
import { Redis } from 'ioredis';
import { services } from '../services/services.js';
import { ApiWorld, type ApiReply } from '../support/api-world.js';

// Scrypt and a busy machine take their time; nothing here waits for a fixed one.
jest.setTimeout(60_000);

const metricsToken = 'a-token-for-prometheus';
let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({
    environment: {
      CORS_ORIGINS: 'https://admin.example.org',
      METRICS_TOKEN: metricsToken,
      TRUST_PROXY: '1',
    },
  });
});
afterAll(() => world.close());

describe('what a route does not take', () => {
  it.each([
    ['POST', '/api/admin/backups/cleanup?dryRun=true', undefined, 'dryRun'],
    ['POST', '/api/admin/keys/rotate?dryRun=true', undefined, 'dryRun'],
    ['POST', '/api/admin/catalog/sync?dryRun=true', {}, 'dryRun'],
    ['GET', '/api/admin/targets?page=2', undefined, 'page'],
    ['POST', '/api/admin/events/ticket', { minutes: 60 }, 'minutes'],
  ])('is refused and named: %s %s', async (method, path, body, field) => {
    const reply = await world.call(method, path, { body });
    expect(reply.status).toBe(400);
    expect(reply.body['errors']).toEqual([{ field, message: expect.any(String) as unknown }]);
  });

  it('is not told to strangers', async () => {
    expect((await world.get('/api/admin/targets?page=2', { token: null })).status).toBe(401);
  });
});

describe('headers', () => {
  it('of every reply keep browsers in check', async () => {
    const { headers } = await world.get('/api/admin/backups');
    const names = [
      'content-security-policy',
      'cross-origin-opener-policy',
      'cross-origin-resource-policy',
      'referrer-policy',
      'strict-transport-security',
      'x-content-type-options',
      'x-frame-options',
      'x-powered-by',
      'etag',
      'server',
    ];
    expect(Object.fromEntries(names.map((name) => [name, headers.get(name)]))).toEqual({
      'content-security-policy':
        "default-src 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;font-src 'self';connect-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'none'",
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'x-powered-by': null,
      etag: null,
      server: null,
    });
  });

  it('let the origins of the list in, and no others', async () => {
    const allowed = async (origin: string): Promise<string | null> =>
      (await world.get('/api/admin/backups', { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await allowed('https://admin.example.org')).toBe('https://admin.example.org');
    for (const origin of [
      'https://evil.example',
      'https://admin.example.org.evil.example',
      'http://admin.example.org',
      'null',
    ])
      expect(await allowed(origin)).toBeNull();
    const preflight = await world.call('OPTIONS', '/api/admin/backups/trigger', {
      token: null,
      headers: {
        origin: 'https://admin.example.org',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization');
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET,POST,PUT,PATCH,DELETE');
  });
});

describe('the correlation id', () => {
  it.each(['12345678', 'A.b_c-9'.repeat(9), 'x'.repeat(64)])('of the caller is kept: %s', async (id) => {
    expect(
      (await world.get('/health/live', { headers: { 'x-correlation-id': id } })).headers.get('x-correlation-id'),
    ).toBe(id);
  });

  it.each([
    '1234567',
    'x'.repeat(65),
    'with space',
    'slash/es',
    '"quoted!"',
    'ünïcödé1'.normalize('NFKD').replaceAll(/[^\x20-\x7e]/g, '?'),
  ])('of another form is replaced: %s', async (id) => {
    const { headers } = await world.get('/health/live', { headers: { 'x-correlation-id': id } });
    expect(headers.get('x-correlation-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('stands in the line of the request, which tells neither query nor token', async () => {
    const token = world.token('viewer', { sub: 'looker' });
    await world.get('/api/admin/backups?target=clinic', { token, headers: { 'x-correlation-id': 'line-of-the-log' } });
    const line = world.lines
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .find(({ correlationId }) => correlationId === 'line-of-the-log');
    expect(line).toMatchObject({
      msg: 'answered',
      level: 'info',
      method: 'GET',
      path: '/api/admin/backups',
      status: 200,
      actor: 'looker',
      role: 'viewer',
    });
    expect(JSON.stringify(line)).not.toContain('target=');
    expect(world.lines.join('')).not.toContain(token);
  });
});

function countOf(replies: readonly ApiReply[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe('limits', () => {
  it('count 120 requests a minute for a token, for all replicas together, and no other token', async () => {
    const replica = await ApiWorld.start({ environment: { REDIS_PREFIX: world.redisPrefix } });
    try {
      const token = world.token('viewer');
      const replies = await Promise.all(
        Array.from({ length: 124 }, (_, index) =>
          (index % 2 === 0 ? world : replica).get('/api/admin/backups/none', { token }),
        ),
      );
      const refused = replies.filter(({ status }) => status === 429);
      expect(countOf(replies)).toEqual({ 404: 120, 429: 4 });
      expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await world.get('/api/admin/backups/none')).status).toBe(404);
    } finally {
      await replica.close();
    }
  });

  it('count by address without a valid token, and never probes and metrics', async () => {
    const from = (path: string, address: string) =>
      world.call('GET', path, { token: 'forged', headers: { 'x-forwarded-for': address } });
    const replies = await Promise.all(Array.from({ length: 122 }, () => from('/api/admin/backups', '198.51.100.7')));
    expect(countOf(replies)).toEqual({ 401: 120, 429: 2 });
    expect((await from('/api/admin/backups', '198.51.100.8')).status).toBe(401);
    for (const { status } of await Promise.all(Array.from({ length: 130 }, () => from('/health/live', '198.51.100.7'))))
      expect(status).toBe(200);
    expect((await from('/docs-json', '198.51.100.7')).status).toBe(429);
  });

  it('keep no token and no name in Redis', async () => {
    const token = world.token('viewer', { sub: 'a-telling-name' });
    await world.get('/api/admin/schedules', { token });
    const redis = new Redis(services().redisUrl);
    const keys = await redis.keys(`${world.redisPrefix}:limits:*`);
    redis.disconnect();
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.join()).not.toContain('a-telling-name');
  });

  it('hold slow clients off', () => {
    const server = world.app.getHttpServer() as { headersTimeout: number; requestTimeout: number };
    expect({ headers: server.headersTimeout, request: server.requestTimeout }).toEqual({
      headers: 10_000,
      request: 30_000,
    });
  });
});

describe('GET /metrics', () => {
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await world.get('/metrics', { token: null, headers })).status;

  it('is for the holder of the token, and for this machine without a proxy', async () => {
    expect(await status({})).toBe(200);
    expect(await status({ authorization: `Bearer ${metricsToken}`, 'x-forwarded-for': '198.51.100.1' })).toBe(200);
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])
      expect(await status({ [name]: '127.0.0.1' })).toBe(401);
    for (const wrong of [
      'Bearer wrong',
      `Bearer ${metricsToken}x`,
      `Basic ${metricsToken}`,
      metricsToken,
      `Bearer ${world.token('admin')}`,
    ])
      expect(await status({ authorization: wrong })).toBe(401);
  });

  it('counts requests under the pattern of their route', async () => {
    await world.get('/api/admin/backups/clinic-20261123T020000Z-k3f9q2');
    await world.call('GET', '/api/admin/nope');
    const { text, headers } = await world.get('/metrics', { token: null });
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toContain('hazina_build_info{app="api",version="test"');
    expect(text).toMatch(/hazina_http_\w+_count\{[^}]*route="\/api\/admin\/backups\/:backupId"[^}]*\} \d+/);
    expect(text).not.toMatch(/k3f9q2|nope/);
  });
});

describe('the documentation', () => {
  it('is an OpenAPI 3.1 document with one operation id, one summary and problems for each route', async () => {
    const document = (await world.call('GET', '/docs-json', { token: null })).body;
    expect(document['openapi']).toBe('3.1.0');
    expect(document).toMatchObject({
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    });
    const paths = document['paths'] as Record<
      string,
      Record<
        string,
        { operationId: string; summary?: string; security?: unknown[]; responses: Record<string, { content?: object }> }
      >
    >;
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { path, summary, security, responses } of operations) {
      expect(summary).toBeTruthy();
      expect({ path, security }).toEqual({
        path,
        security: path.startsWith('/api/admin') ? [{ token: [] }] : [],
      });
      if (path.startsWith('/api/admin'))
        for (const status of ['401', '403', '429', '503'])
          expect(Object.keys(responses[status]?.content ?? {})).toEqual(['application/problem+json']);
    }
  });

  it('has a page, with its scripts from here', async () => {
    const page = await world.call('GET', '/docs', { token: null });
    expect({ status: page.status, title: /<title>(.*)<\/title>/.exec(page.text)?.[1] }).toEqual({
      status: 200,
      title: 'Hazina API',
    });
    for (const [, script = ''] of page.text.matchAll(/<script src="\.([^"]+)"/g))
      expect((await world.call('GET', script, { token: null })).status).toBe(200);
  });

  it('can be switched off, page and document both', async () => {
    const quiet = await ApiWorld.start({ environment: { SWAGGER_ENABLED: 'false' } });
    try {
      for (const path of ['/docs', '/docs/', '/docs-json', '/docs-yaml', '/docs/swagger-ui-init.js']) {
        const reply = await quiet.call('GET', path, { token: null });
        expect({ path, status: reply.status, type: reply.headers.get('content-type') }).toEqual({
          path,
          status: 404,
          type: 'application/problem+json',
        });
      }
    } finally {
      await quiet.close();
    }
  });
});

it('a request that is no HTTP does not disturb the others', async () => {
  const { hostname, port } = new URL(world.url);
  const socket = connect(Number(port), hostname);
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    socket
      .on('data', (chunk: Buffer) => (text += chunk.toString()))
      .once('close', () => resolve(text))
      .once('error', reject);
    socket.write('NONSENSE\r\n\r\n');
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect((await world.get('/health/live')).status).toBe(200);
});
