import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes, scryptSync } from 'node:crypto';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { queueNames } from '#contracts';
import { services } from '../services/services.js';
import { ApiWorld, type ApiReply } from '../support/api-world.js';

// Pages in a browser: the view of the queues, and Swagger behind a login.

jest.setTimeout(60_000);

const password = 'correct horse battery';
let world: ApiWorld;
beforeAll(async () => {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 2 ** 14, r: 8, p: 1 }).toString('base64');
  world = await ApiWorld.start({
    environment: {
      ADMIN_USERNAME: 'keeper',
      ADMIN_PASSWORD_HASH: `scrypt$${2 ** 14}$8$1$${salt.toString('base64')}$${hash}`,
      TRUST_PROXY: '127.0.0.1',
      QUEUES_UI_ENABLED: 'true',
      SWAGGER_ENABLED: 'login',
    },
  });
});
afterAll(() => world.close());

const html = { accept: 'text/html,application/xhtml+xml' };
let lastAddress = 0;
/** The limit of one test is not that of another. */
const from = (): string => `198.51.100.${(lastAddress += 1)}`;

const open = (path: string, headers: Record<string, string> = {}): Promise<ApiReply> =>
  world.call('GET', path, { token: null, headers });

function send(area: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<ApiReply> {
  return world.call('POST', `/${area}/login`, {
    token: null,
    body: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': from(), ...headers },
  });
}

const cookiesOf = ({ headers }: ApiReply): string[] => headers.getSetCookie();
const cookieIn = (reply: ApiReply): string => cookiesOf(reply)[0]?.split(';')[0] ?? '';

async function cookieFor(area: string, token = world.token('admin')): Promise<string> {
  const reply = await send(area, { token });
  expect(reply.status).toBe(303);
  return cookieIn(reply);
}

describe('without a login', () => {
  it.each([
    ['/queues', '/queues/login'],
    ['/queues/queue/backup', '/queues/login'],
    ['/docs', '/docs/login'],
    ['/docs-json', '/docs/login'],
  ])('a browser at %s is led to %s', async (path, login) => {
    const { status, headers } = await open(path, html);
    expect({ status, location: headers.get('location') }).toEqual({ status: 303, location: login });
  });

  it.each([
    '/queues/api/queues',
    '/queues/api/redis/stats',
    '/queues/static/favicon.ico',
    '/QUEUES/api/queues',
    '/docs-json',
    '/docs/swagger-ui-init.js',
    '/docs/swagger-ui.css',
  ])('%s is refused', async (path) => {
    const reply = await open(path);
    expect({ status: reply.status, type: reply.body['type'] }).toEqual({
      status: 401,
      type: 'https://hazina.dev/problems/auth-unauthorized',
    });
  });

  it('the page of the login is harmless: no script, nothing from elsewhere, not kept, in no frame', async () => {
    for (const area of ['queues', 'docs']) {
      const { status, headers, text } = await open(`/${area}/login`);
      expect(status).toBe(200);
      expect(text).not.toMatch(/<script|https?:\/\//);
      expect(text).toContain('name="password"');
      expect(headers.get('cache-control')).toBe('no-store');
      // Without a referrer, browsers would send the form itself with `Origin: null`.
      expect(headers.get('referrer-policy')).toBe('same-origin');
      expect(headers.get('content-security-policy')).toMatch(
        /default-src 'none';script-src 'self';.*form-action 'self';frame-ancestors 'none'/,
      );
    }
  });
});

describe('the login', () => {
  it('of the built-in admin gives a cookie for these paths alone, which no script can read and no other site send', async () => {
    const address = from();
    const reply = await send('queues', { username: 'keeper', password }, { 'x-forwarded-for': address });
    expect({ status: reply.status, location: reply.headers.get('location') }).toEqual({
      status: 303,
      location: '/queues/',
    });
    const [cookie = '', ...others] = cookiesOf(reply);
    expect(others).toEqual([]);
    expect(cookie).toMatch(/^hazina-queues=[\w-]{43}; Path=\/queues; Expires=[^;]+; HttpOnly; SameSite=Strict$/);
    const minutes = (Date.parse(/Expires=([^;]+)/.exec(cookie)?.[1] ?? '') - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(29);
    expect(minutes).toBeLessThanOrEqual(30.1);
    expect((await open('/queues/', { ...html, cookie: cookieIn(reply) })).status).toBe(200);
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({
        ...{ event: 'authn_login_success', actor: 'keeper', role: 'admin', address },
        ...{ resource: '/queues/login', detail: 'with a password' },
      }),
    );
  });

  it('is for TLS alone where the request came by TLS', async () => {
    const reply = await send('docs', { token: world.token('viewer') }, { 'x-forwarded-proto': 'https' });
    expect(cookiesOf(reply)).toEqual([
      expect.stringMatching(/^hazina-docs=[\w-]{43}; Path=\/docs; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/),
      expect.stringMatching(/; Path=\/docs-json; .*HttpOnly; Secure; SameSite=Strict$/),
    ]);
  });

  it('ends no later than the token that it was begun with', async () => {
    const iat = Math.floor(Date.now() / 1000);
    const reply = await send('queues', { token: world.token('admin', { iat, exp: iat + 60 }) });
    expect(Date.parse(/Expires=([^;]+)/.exec(cookiesOf(reply)[0] ?? '')?.[1] ?? '')).toBe((iat + 60) * 1000);
  });

  it.each([
    ['a wrong password', { username: 'keeper', password: 'correct horse batterz' }, 'Name or password are wrong'],
    ['a wrong name', { username: 'x', password }, 'Name or password are wrong'],
    ['no token', { token: 'nonsense' }, 'The token is not valid'],
    ['a foreign token', { token: 'eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ.' }, 'The token is not valid'],
  ])('refuses %s, and says so in the audit log without what was typed', async (_name, fields, words) => {
    const address = from();
    const reply = await send('queues', fields, { 'x-forwarded-for': address });
    expect(reply.status).toBe(401);
    expect(reply.text).toContain(words);
    expect(cookiesOf(reply)).toEqual([]);
    const entries = (await world.auditEntries()).filter((entry) => entry['address'] === address);
    expect(entries).toEqual([expect.objectContaining({ event: 'authn_login_fail', actor: 'anonymous' })]);
    expect(JSON.stringify(entries) + world.lines.join('')).not.toMatch(/batterz|nonsense|eyJhbGci/);
  });

  it('refuses a role that is too low, and a token that was revoked', async () => {
    const operator = await send('queues', { token: world.token('operator') });
    expect({ status: operator.status, cookies: cookiesOf(operator) }).toEqual({ status: 403, cookies: [] });
    const token = world.token('admin');
    expect((await world.post('/api/admin/tokens/revoke', {}, { token })).status).toBe(200);
    expect((await send('queues', { token })).status).toBe(401);
  });

  it('takes ten attempts a minute from an address', async () => {
    const address = from();
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 11; attempt += 1)
      statuses.push((await send('queues', { token: `wrong ${attempt}` }, { 'x-forwarded-for': address })).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
  });

  it('takes no form of another site, and no other form', async () => {
    const token = world.token('admin');
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      // A frame without an origin, or a form that was led on from elsewhere.
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site', origin: world.url },
    ] as Record<string, string>[])
      expect((await send('queues', { token }, headers)).status).toBe(403);
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: world.url }, {}] as Record<string, string>[])
      expect((await send('queues', { token }, headers)).status).toBe(303);
    expect((await send('queues', { token }, { 'content-type': 'application/json' })).status).toBe(400);
    expect((await send('queues', { username: 'keeper' })).status).toBe(400);
    expect((await send('queues', { token: 'x'.repeat(70_000) })).status).toBe(413);
  });
});

describe('the session', () => {
  it('opens the pages of its area and nothing else', async () => {
    const cookie = await cookieFor('queues');
    expect((await open('/queues/api/queues', { cookie })).status).toBe(200);
    for (const path of ['/docs-json', '/api/admin/backups', '/api/admin/system'])
      expect((await open(path, { cookie })).status).toBe(401);
    const renamed = cookie.replace('hazina-queues', 'hazina-docs');
    expect((await open('/docs-json', { cookie: renamed })).status).toBe(401);
  });

  it('is no token, and its text is kept nowhere', async () => {
    const cookie = await cookieFor('queues');
    const text = cookie.split('=')[1] ?? '';
    expect((await world.get('/api/admin/backups', { token: text })).status).toBe(401);
    const kept = JSON.stringify(await world.documents('pagesessions'));
    expect(kept).toContain('tester');
    expect(kept + world.lines.join('')).not.toContain(text);
  });

  it('ends with its token, and by logging out', async () => {
    const token = world.token('admin');
    const cookie = await cookieFor('queues', token);
    await world.post('/api/admin/tokens/revoke', {}, { token });
    expect((await open('/queues/api/queues', { cookie })).status).toBe(401);

    const other = await cookieFor('queues');
    const reply = await open('/queues/logout', { cookie: other, ...html });
    expect(cookiesOf(reply)).toEqual([
      expect.stringContaining('hazina-queues=; Path=/queues; Expires=Thu, 01 Jan 1970'),
    ]);
    expect((await open('/queues/api/queues', { cookie: other })).status).toBe(401);
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({ event: 'session_ended', actor: 'tester', resource: '/queues/' }),
    );
  });

  it('is known to every replica', async () => {
    const cookie = await cookieFor('docs', world.token('viewer'));
    const replica = await ApiWorld.start({
      environment: {
        CATALOG_MONGODB_URI: world.core.config.catalogUri.reveal(),
        QUEUES_UI_ENABLED: 'true',
        SWAGGER_ENABLED: 'login',
      },
    });
    try {
      expect((await replica.call('GET', '/docs-json', { token: null, headers: { cookie } })).status).toBe(200);
    } finally {
      await replica.close();
    }
  });
});

describe('Swagger behind a login', () => {
  it('shows its page, its scripts and the document to a viewer', async () => {
    const cookie = await cookieFor('docs', world.token('viewer'));
    const page = await open('/docs', { ...html, cookie });
    expect(page.text).toContain('<title>Hazina API</title>');
    for (const [, script = ''] of page.text.matchAll(/<script src="\.([^"]+)"/g))
      expect((await open(script, { cookie })).status).toBe(200);
    expect((await open('/docs-json', { cookie })).body['openapi']).toBe('3.1.0');
  });

  it('and the document to a token in the header', async () => {
    expect((await world.call('GET', '/docs-json', { token: world.token('viewer') })).status).toBe(200);
    expect((await world.call('GET', '/docs-json', { token: world.token(undefined) })).status).toBe(403);
  });
});

describe('the view of the queues', () => {
  const read = async (path: string): Promise<ApiReply> => open(path, { cookie: await cookieFor('queues') });

  it('is a page with its scripts and styles from here, and a policy that takes no others', async () => {
    const cookie = await cookieFor('queues');
    const page = await open('/queues/', { ...html, cookie });
    expect(page.text).toContain('<base href="/queues/"');
    expect(page.text).not.toMatch(/https?:\/\//);
    const parts = [...page.text.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, part = '']) => part);
    expect(parts.length).toBeGreaterThan(4);
    for (const part of parts) expect((await open(`/queues/${part}`, { cookie })).status).toBe(200);
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;font-src 'self';connect-src 'self';base-uri 'self';form-action 'self';frame-ancestors 'none'",
    );
    for (const name of ['x-powered-by', 'etag']) expect(page.headers.get(name)).toBeNull();
  });

  it('is for admins: other tokens are refused', async () => {
    for (const role of ['viewer', 'operator'] as const)
      expect((await world.call('GET', '/queues/api/queues', { token: world.token(role) })).status).toBe(403);
    expect((await world.call('GET', '/queues/api/queues', { token: world.token('admin') })).status).toBe(200);
  });

  it('shows every job by its ids, and no secret even if one got into a job', async () => {
    const { backupId } = (await world.post('/api/admin/backups/trigger')).body as { backupId: string };
    const { queues } = (await read('/queues/api/queues?activeQueue=backup&status=waiting')).body as {
      queues: { name: string; readOnlyMode: boolean; jobs: { id: string; data: object }[] }[];
    };
    expect(queues.map(({ name }) => name).sort()).toEqual([...queueNames].sort());
    expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
    const [job] = queues.find(({ name }) => name === 'backup')?.jobs ?? [];
    expect(job?.id).toContain(backupId);
    expect(Object.keys(job?.data ?? {}).sort()).toEqual(['backupId']);

    // What a library or a future mistake might leave behind.
    const redis = new Redis(services().redisUrl, { maxRetriesPerRequest: null });
    const queue = new Queue('backup', { connection: redis, prefix: world.redisPrefix });
    const bad = await queue.add('oops', { uri: 'mongodb://keeper:sEcReT@db/', key: `hex:${'a1'.repeat(32)}` });
    const shown = await read(`/queues/api/queues/backup/${bad.id ?? ''}`);
    expect(shown.status).toBe(200);
    expect(shown.text).toContain('mongodb://[redacted]@db/');
    expect(shown.text).not.toMatch(/sEcReT|a1a1/);
    await queue.close();
    redis.disconnect();
  });

  it.each([
    ['PUT', '/queues/api/queues/backup/pause'],
    ['PUT', '/queues/api/queues/pause'],
    ['PUT', '/queues/api/queues/backup/clean/waiting'],
    ['PUT', '/queues/api/queues/backup/obliterate'],
    ['POST', '/queues/api/queues/backup/add'],
    ['DELETE', '/queues/api/queues/backup/1'],
  ])('changes nothing: %s %s', async (method, path) => {
    const before = await world.core.queue.counts();
    for (const call of [
      { token: world.token('admin') },
      { token: null, headers: { cookie: await cookieFor('queues') } },
    ]) {
      const reply = await world.call(method, path, call);
      expect({ status: reply.status, allow: reply.headers.get('allow') }).toEqual({ status: 405, allow: 'GET, HEAD' });
    }
    expect(await world.core.queue.counts()).toEqual(before);
  });
});

describe('while something is down', () => {
  it('the view says so within three seconds', async () => {
    const other = await ApiWorld.start({
      environment: { QUEUES_UI_ENABLED: 'true', REDIS_URL: 'redis://127.0.0.1:1' },
    });
    try {
      const started = performance.now();
      const reply = await other.call('GET', '/queues/api/queues');
      expect({ status: reply.status, type: reply.body['type'] }).toEqual({
        status: 503,
        type: 'https://hazina.dev/problems/queue-unavailable',
      });
      expect(performance.now() - started).toBeLessThan(3_000);
    } finally {
      await other.close();
    }
  });
});

it('without being asked for, there is no view and no login, and the documentation is open', async () => {
  const usual = await ApiWorld.start();
  try {
    for (const path of ['/queues', '/queues/', '/queues/login', '/queues/api/queues', '/docs/login'])
      expect({ path, status: (await usual.call('GET', path, { token: null, headers: html })).status }).toEqual({
        path,
        status: 404,
      });
    expect((await usual.call('GET', '/docs-json', { token: null })).status).toBe(200);
  } finally {
    await usual.close();
  }
});
