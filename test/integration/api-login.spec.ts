import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes, scryptSync } from 'node:crypto';
import { ApiWorld, type ApiReply } from '../support/api-world.js';

// Scrypt and a busy machine take their time; nothing here waits for a fixed one.
jest.setTimeout(60_000);

const password = 'correct horse battery';
let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({
    environment: {
      ADMIN_USERNAME: 'keeper',
      ADMIN_PASSWORD_HASH: cheapHash(),
      TRUST_PROXY: '127.0.0.1',
    },
  });
});
afterAll(() => world.close());

/** The least cost that is taken: what is tested here is not how long a guess takes. */
function cheapHash(): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 2 ** 14, r: 8, p: 1 });
  return `scrypt$${2 ** 14}$8$1$${salt.toString('base64')}$${hash.toString('base64')}`;
}

/** From an address of its own, so that the limit of one test is not that of another. */
const login = (body: unknown, address: string): Promise<ApiReply> =>
  world.post('/api/auth/login', body, { token: null, headers: { 'x-forwarded-for': address } });

describe('POST /api/auth/login', () => {
  it('gives a token that lets the admin in for an hour', async () => {
    const reply = await login({ username: 'keeper', password }, '192.0.2.1');
    expect(reply.status).toBe(200);
    expect(Object.keys(reply.body).sort()).toEqual(['accessToken', 'expiresAt', 'role']);
    expect(reply.body['role']).toBe('admin');
    const left = Date.parse(String(reply.body['expiresAt'])) - Date.now();
    expect(left).toBeGreaterThan(3_500_000);
    expect(left).toBeLessThanOrEqual(3_600_000);
    const token = String(reply.body['accessToken']);
    expect((await world.get('/api/admin/backups', { token })).status).toBe(200);
    expect((await world.call('DELETE', '/api/admin/backups/nonsense', { token })).status).toBe(404);
    expect(world.lines.join('')).not.toContain(token);
  });

  it.each([
    ['a wrong password', { username: 'keeper', password: 'correct horse batterz' }],
    ['a wrong name', { username: 'keeper2', password }],
    ['both wrong', { username: 'x', password: 'y' }],
  ])('refuses %s with the same words', async (_name, body) => {
    const reply = await login(body, '192.0.2.2');
    expect(reply.status).toBe(401);
    expect(reply.body).toMatchObject({
      type: 'https://hazina.dev/problems/auth-unauthorized',
      detail:
        'Name or password are wrong. Type both again. Whoever runs the service can set a new password: hazina token hash-password',
    });
  });

  it.each([
    [{ username: 'keeper' }],
    [{ username: 'keeper', password: { $ne: '' } }],
    [{ username: ['keeper'], password }],
    [{ username: 'keeper', password, role: 'admin' }],
    [{ username: 'keeper', password: 'x'.repeat(1025) }],
  ])('refuses a body of another form', async (body) => {
    expect((await login(body, '192.0.2.3')).status).toBe(400);
  });

  it('takes ten attempts a minute from an address, right or wrong, and keeps an entry of each', async () => {
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 10; attempt += 1)
      statuses.push((await login({ username: 'keeper', password: `wrong ${attempt}` }, '192.0.2.4')).status);
    expect(statuses).toEqual(Array<number>(10).fill(401));
    const refused = await login({ username: 'keeper', password }, '192.0.2.4');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.body).toMatchObject({ type: 'https://hazina.dev/problems/auth-too-many-requests' });
    expect((await login({ username: 'keeper', password }, '192.0.2.5')).status).toBe(200);

    const all = (await world.auditEntries()).filter(({ address }) => address === '192.0.2.4');
    expect(all.at(-1)).toMatchObject({ event: 'excess_rate_limit_exceeded', resource: 'POST /api/auth/login' });
    const entries = all.slice(0, -1);
    expect(entries).toHaveLength(10);
    for (const entry of entries)
      expect(entry).toMatchObject({ event: 'authn_login_fail', actor: 'anonymous', outcome: 'failure', role: null });
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({ event: 'authn_login_success', actor: 'keeper', address: '192.0.2.5' }),
    );
    expect(JSON.stringify(await world.documents('auditlog')) + world.lines.join('')).not.toMatch(
      /wrong \d|correct horse/,
    );
  });
});

it('is off where no admin is set up', async () => {
  const other = await ApiWorld.start();
  try {
    const reply = await other.post('/api/auth/login', { username: 'admin', password }, { token: null });
    expect({ status: reply.status, detail: reply.body.detail }).toEqual({
      status: 404,
      detail: expect.stringContaining('ADMIN_PASSWORD_HASH') as unknown,
    });
  } finally {
    await other.close();
  }
});
