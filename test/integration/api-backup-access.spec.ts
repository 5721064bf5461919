import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { Controller, Get, Module } from '@nestjs/common';
import { ApiWorld, jwtSecret, sign } from '../support/api-world.js';

// Scrypt and a busy machine take their time; nothing here waits for a fixed one.
jest.setTimeout(60_000);

// API endpoint authentication and authorization: who is let in, and how far.

const now = Math.floor(Date.now() / 1000);
const day = 24 * 3600;
const backupId = 'clinic-20261123T020000Z-k3f9q2';
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Routes of the OpenAPI document, with a real-looking id in each path. */
function routesOf(document: Record<string, unknown>): { method: string; path: string; role: string | undefined }[] {
  const paths = document['paths'] as Record<string, Record<string, { 'x-role'?: string }>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path
        .replace('{target}', 'clinic')
        .replace('{backupId}', backupId)
        .replace('{cleanupId}', 'cleanup-20261123T040000Z-x7c2m1'),
      role: operation['x-role'],
    })),
  );
}

describe('tokens', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await ApiWorld.start();
  });
  afterAll(() => world.close());

  it('of every role let in, with the role of the claim', async () => {
    for (const role of ['viewer', 'operator', 'admin'] as const)
      expect((await world.get('/api/admin/backups', { token: world.token(role) })).status).toBe(200);
  });

  const noTokens: [string, () => string][] = [
    ['that are none', () => 'nonsense'],
    ['with three empty parts', () => '..'],
    ['that are out of date', () => sign({ role: 'admin', iat: now - 700, exp: now - 60 })],
    [
      'without a signature (alg none)',
      () =>
        `${encode({ alg: 'none', typ: 'JWT' })}.${encode({ sub: 'x', role: 'admin', iss: 'hazina', aud: 'hazina', jti: '1', iat: now, exp: now + 60 })}.`,
    ],
    [
      'that say alg none and keep a signature',
      () => sign({ role: 'admin' }).replace(/^[^.]+/, encode({ alg: 'none' })),
    ],
    ['of another audience', () => sign({ role: 'admin', aud: 'else' })],
    ['without an audience', () => sign({ role: 'admin', aud: undefined })],
    ['of another issuer', () => sign({ role: 'admin', iss: 'else' })],
    ['without an issuer', () => sign({ role: 'admin', iss: undefined })],
    ['signed with another key', () => sign({ role: 'admin' }, { key: 'x'.repeat(40) })],
    ['signed with another algorithm of the same key', () => sign({ role: 'admin' }, { algorithm: 'HS512' })],
    ['without iat', () => sign({ role: 'admin', iat: undefined })],
    ['without exp', () => sign({ role: 'admin', exp: undefined })],
    ['without sub', () => sign({ role: 'admin', sub: undefined })],
    ['without jti', () => sign({ role: 'admin', jti: undefined })],
    ['with an empty sub', () => sign({ role: 'admin', sub: '' })],
    ['that live longer than a day', () => sign({ role: 'admin', exp: now + day + 60 })],
    [
      'from the future, that would live longer than a day',
      () => sign({ role: 'admin', iat: now + 10 * day, exp: now + 10 * day + 60 }),
    ],
    ['not valid yet', () => sign({ role: 'admin', nbf: now + 600 })],
    [
      'with a changed payload',
      () => {
        const [head = '', , mac = ''] = sign({ role: 'viewer' }).split('.');
        return `${head}.${encode({ sub: 'x', role: 'admin', iss: 'hazina', aud: 'hazina', jti: '1', iat: now, exp: now + 60 })}.${mac}`;
      },
    ],
  ];

  it.each(noTokens)('%s are 401, in a problem that tells nothing', async (_name, make) => {
    const token = make();
    const reply = await world.get('/api/admin/backups', { token });
    expect(reply.status).toBe(401);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(reply.headers.get('www-authenticate')).toBe('Bearer realm="hazina"');
    expect(reply.body).toEqual({
      type: 'https://hazina.dev/problems/auth-unauthorized',
      title: 'No valid token',
      status: 401,
      detail: expect.stringContaining('Authorization') as unknown,
      instance: '/api/admin/backups',
      correlationId: reply.headers.get('x-correlation-id'),
    });
    expect(reply.text).not.toContain(jwtSecret);
    if (token.length > 10) expect(reply.text + world.lines.join('')).not.toContain(token);
  });

  it.each([
    ['missing', undefined],
    ['unknown', 'root'],
    ['a list', ['admin']],
    ['an object', { admin: true }],
    ['from the prototype', 'constructor'],
  ])('whose role is %s are 403', async (_name, role) => {
    const reply = await world.get('/api/admin/backups', { token: sign({ role }) });
    expect({ status: reply.status, type: reply.body.type }).toEqual({
      status: 403,
      type: 'https://hazina.dev/problems/auth-forbidden',
    });
  });

  it('are read from the Authorization header alone', async () => {
    const token = world.token('admin');
    for (const path of [`/api/admin/backups?token=${token}`, `/api/admin/backups?access_token=${token}`])
      expect((await world.call('GET', path, { token: null })).status).toBe(401);
    expect((await world.get('/api/admin/backups', { token: null, headers: { cookie: `token=${token}` } })).status).toBe(
      401,
    );
    expect(
      (await world.get('/api/admin/backups', { token: null, headers: { authorization: `Basic ${token}` } })).status,
    ).toBe(401);
  });
});

describe('routes', () => {
  let world: ApiWorld;
  beforeAll(async () => {
    world = await ApiWorld.start();
  });
  afterAll(() => world.close());

  it('under /api/admin all ask for a token, also those that are not there', async () => {
    const routes = routesOf((await world.call('GET', '/docs-json')).body).filter(({ path }) =>
      path.startsWith('/api/admin'),
    );
    expect(routes.length).toBeGreaterThanOrEqual(14);
    for (const { method, path } of [
      ...routes,
      { method: 'GET', path: '/api/admin' },
      { method: 'GET', path: '/api/admin/nope' },
      { method: 'GET', path: '/API/Admin/backups/' },
    ]) {
      const reply = await world.call(method, path, { token: null });
      expect({ method, path, status: reply.status }).toEqual({ method, path, status: 401 });
    }
  });

  it('all have a policy, and none lets a lower role in', async () => {
    const order = ['viewer', 'operator', 'admin'] as const;
    const routes = routesOf((await world.call('GET', '/docs-json')).body);
    const open = routes.filter(({ role }) => role === undefined).map(({ method, path }) => `${method} ${path}`);
    expect(open.sort()).toEqual([
      'GET /api/downloads/{fileName}',
      'GET /health/live',
      'GET /health/ready',
      'GET /health/startup',
      'GET /metrics',
      'POST /api/auth/login',
    ]);
    for (const { method, path, role } of routes.filter((route) => route.role !== undefined)) {
      for (const lower of order.slice(
        0,
        order.findIndex((each) => each === role),
      )) {
        const reply = await world.call(method, path, { token: world.token(lower) });
        expect({ method, path, lower, status: reply.status }).toEqual({ method, path, lower, status: 403 });
      }
    }
    const required = Object.fromEntries(routes.map(({ method, path, role }) => [`${method} ${path}`, role]));
    expect(required).toMatchObject({
      'GET /api/admin/backups': 'viewer',
      'POST /api/admin/backups/trigger': 'operator',
      [`GET /api/admin/backups/${backupId}/download`]: 'operator',
      [`PATCH /api/admin/backups/${backupId}`]: 'operator',
      [`DELETE /api/admin/backups/${backupId}`]: 'admin',
      'POST /api/admin/backups/cleanup': 'admin',
      'POST /api/admin/schedules/clinic/pause': 'operator',
      'POST /api/admin/schedules/clinic/resume': 'operator',
    });
  });

  it('that refuse a role leave an entry in the audit log', async () => {
    await world.call('DELETE', `/api/admin/backups/${backupId}`, { token: world.token('viewer', { sub: 'curious' }) });
    const entries = await world.auditEntries();
    expect(entries).toContainEqual(
      expect.objectContaining({ event: 'authz_fail', actor: 'curious', outcome: 'failure' }),
    );
  });
});

@Controller('admin/forgotten')
class ForgottenController {
  @Get()
  read(): string {
    return 'secret';
  }
}

@Module({ controllers: [ForgottenController] })
class ForgottenModule {}

it('a route without a policy of its own lets nobody in', async () => {
  const world = await ApiWorld.start({ modules: [ForgottenModule] });
  try {
    expect((await world.call('GET', '/api/admin/forgotten', { token: null })).status).toBe(401);
    expect((await world.call('GET', '/api/admin/forgotten')).status).toBe(403);
  } finally {
    await world.close();
  }
});

describe('with a public key', () => {
  const pairs = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  } as const;

  it.each(['RS256', 'ES256'] as const)('%s tokens are let in, and no others', async (algorithm) => {
    const pem = (kind: 'publicKey' | 'privateKey', of: 'RS256' | 'ES256'): string =>
      pairs[of][kind].export({ type: kind === 'publicKey' ? 'spki' : 'pkcs8', format: 'pem' } as never).toString();
    const world = await ApiWorld.start({
      environment: { JWT_SECRET: '', JWT_PUBLIC_KEY: pem('publicKey', algorithm) },
    });
    const status = async (token: string): Promise<number> => (await world.get('/api/admin/backups', { token })).status;
    try {
      expect(await status(sign({ role: 'viewer' }, { algorithm, key: pem('privateKey', algorithm) }))).toBe(200);
      const other = algorithm === 'RS256' ? 'ES256' : 'RS256';
      expect(await status(sign({ role: 'viewer' }, { algorithm: other, key: pem('privateKey', other) }))).toBe(401);
      expect(await status(sign({ role: 'viewer' }))).toBe(401);
      // The public key as the secret of an HMAC: anybody could sign with it.
      const unsigned = `${encode({ alg: 'HS256', typ: 'JWT' })}.${sign({ role: 'admin' }).split('.')[1] ?? ''}`;
      for (const key of [pem('publicKey', algorithm), pem('publicKey', algorithm).trim()])
        expect(await status(`${unsigned}.${createHmac('sha256', key).update(unsigned).digest('base64url')}`)).toBe(401);
      const login = await world.post('/api/auth/login', { username: 'admin', password: 'x' }, { token: null });
      expect({ status: login.status, detail: login.body.detail }).toMatchObject({
        status: 404,
        detail: expect.stringContaining('JWT_PUBLIC_KEY') as unknown,
      });
    } finally {
      await world.close();
    }
  });

  it('values of the claim may stand for roles, in a list too: the highest counts', async () => {
    const JWT_ROLE_MAP = 'backup-admins=admin, cn=ops=operator, staff=viewer, admin=viewer';
    const world = await ApiWorld.start({ environment: { JWT_ROLE_CLAIM: 'groups', JWT_ROLE_MAP } });
    try {
      const statuses = async (groups: unknown): Promise<number[]> => {
        const token = sign({ groups });
        const replies = [
          world.get('/api/admin/backups', { token }),
          world.post('/api/admin/backups/trigger', { target: 7 }, { token }),
          world.get('/api/admin/audit', { token }),
        ];
        return (await Promise.all(replies)).map(({ status }) => status);
      };
      // What a viewer, an operator and an admin may: read, trigger (refused for what it asks), see the audit log.
      expect(await statuses(['mail', 'staff'])).toEqual([200, 403, 403]);
      expect(await statuses(['staff', 'cn=ops'])).toEqual([200, 400, 403]);
      expect(await statuses(['backup-admins', 'staff', 7, null])).toEqual([200, 400, 200]);
      expect(await statuses('backup-admins')).toEqual([200, 400, 200]);
      // By its own name where the map says nothing else of it.
      expect(await statuses('operator')).toEqual([200, 400, 403]);
      expect(await statuses('admin')).toEqual([200, 403, 403]);
      for (const none of [[], ['mail'], 'mail', { 0: 'staff' }, [['staff']]])
        expect(await statuses(none)).toEqual([403, 403, 403]);
    } finally {
      await world.close();
    }
  });

  it('the role may stand in a claim of another name, also inside of another one', async () => {
    const world = await ApiWorld.start({ environment: { JWT_ROLE_CLAIM: 'realm.hazina_role' } });
    try {
      const status = async (claims: Record<string, unknown>): Promise<number> =>
        (await world.get('/api/admin/backups', { token: sign(claims) })).status;
      expect(await status({ realm: { hazina_role: 'viewer' } })).toBe(200);
      expect(await status({ 'realm.hazina_role': 'viewer' })).toBe(200);
      expect(await status({ role: 'admin' })).toBe(403);
    } finally {
      await world.close();
    }
  });
});
