import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { services, waitUntil } from '../services/services.js';
import { seedCompleted } from '../support/api-records.js';
import { ApiWorld, type ApiReply } from '../support/api-world.js';
import { EventStream } from '../support/event-stream.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

jest.setTimeout(60_000);

// Tokens that are no longer taken, and acts that ask for a young one.

let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start();
});
afterAll(() => world.close());

const revoke = (body: unknown, token: string): Promise<ApiReply> =>
  world.post('/api/admin/tokens/revoke', body, { token });
const codeOf = (reply: ApiReply): string => String(reply.body['type']).replace('https://hazina.dev/problems/', '');

describe('POST /api/admin/tokens/revoke', () => {
  it('ends the token that it comes with, at once here and soon at every other replica', async () => {
    const other = await ApiWorld.start({ environment: world.environment() });
    try {
      const exp = Math.floor(Date.now() / 1000) + 300;
      const token = world.token('viewer', { jti: 'my-own-token', exp });
      for (const replica of [world, other])
        expect((await replica.get('/api/admin/backups', { token })).status).toBe(200);
      const reply = await revoke(undefined, token);
      expect([reply.status, reply.body]).toEqual([
        200,
        { jti: 'my-own-token', until: new Date(exp * 1000).toISOString() },
      ]);
      const refused = await world.get('/api/admin/backups', { token });
      expect([refused.status, codeOf(refused)]).toEqual([401, 'auth-unauthorized']);
      await waitUntil(async () => (await other.get('/api/admin/backups', { token })).status === 401, {
        what: 'the other replica to know',
        timeoutMs: 5_000,
        intervalMs: 100,
      });
      expect((await world.get('/api/admin/backups', { token: world.token('viewer') })).status).toBe(200);
    } finally {
      await other.close();
    }
  });

  it('ends any token, for an admin; and a restart does not forget it', async () => {
    const lost = world.token('admin', { jti: 'lost-laptop' });
    const body = { jti: 'lost-laptop', reason: 'laptop lost' };
    for (const role of ['viewer', 'operator'] as const)
      expect((await revoke(body, world.token(role))).status).toBe(403);
    const reply = await revoke(body, world.token('admin', { sub: 'ann' }));
    expect(reply.status).toBe(200);
    expect(Date.parse(String(reply.body['until']))).toBeGreaterThan(Date.now() + 86_400_000);
    expect((await world.get('/api/admin/system', { token: lost })).status).toBe(401);
    const later = await ApiWorld.start({ environment: world.environment() });
    try {
      expect((await later.get('/api/admin/system', { token: lost })).status).toBe(401);
    } finally {
      await later.close();
    }
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({
        ...{ event: 'authn_token_revoked', actor: 'ann', resource: 'lost-laptop', detail: 'laptop lost' },
        outcome: 'success',
      }),
    );
  });

  it('refuses bodies of another form', async () => {
    for (const body of [
      { jti: '' },
      { jti: 7 },
      { jti: { $ne: '' } },
      { jti: 'x'.repeat(201) },
      { jti: 'a\u001b[2J' },
      { jti: 'two\nlines' },
      { reason: 'a\u001b[2J' },
      { x: 1 },
    ])
      expect((await revoke(body, world.token('admin'))).status).toBe(400);
  });

  it('takes no token whose id or subject steers a terminal', async () => {
    for (const claims of [{ jti: 'a\u001b[2J' }, { sub: 'ann\u202e' }, { jti: 'two\nlines' }])
      expect((await world.get('/api/admin/backups', { token: world.token('viewer', claims) })).status).toBe(401);
  });

  it('ends the streams of a token, and its tickets', async () => {
    const token = world.token('viewer');
    const { ticket } = (await world.post('/api/admin/events/ticket', undefined, { token })).body;
    const stream = await EventStream.open(`${world.url}/api/admin/events`, { authorization: `Bearer ${token}` });
    expect((await revoke(undefined, token)).status).toBe(200);
    expect((await world.get(`/api/admin/events?ticket=${String(ticket)}`, { token: null })).status).toBe(401);
    await stream.untilEnded(20_000);
    expect(stream.messages.at(-1)?.data).toEqual({ reason: 'token-revoked' });
  });
});

it('while the catalogue does not answer, nothing but reads goes on by what was known before', async () => {
  const proxy = await startTcpProxy(services().mongodbUri);
  const uri = `${proxy.uri.replace(/\/$/, '')}/${world.database}`;
  const other = await ApiWorld.start({ environment: { CATALOG_MONGODB_URI: uri } });
  try {
    const token = world.token('viewer', { jti: 'known-before' });
    await revoke(undefined, token);
    expect((await other.get('/api/admin/backups', { token })).status).toBe(401);
    proxy.silence();
    expect((await other.get('/api/admin/backups', { token })).status).toBe(401);
    const start = performance.now();
    const reply = await other.post('/api/admin/tokens/revoke', { jti: 'x' });
    expect([reply.status, codeOf(reply)]).toEqual([503, 'catalog-unavailable']);
    expect(performance.now() - start).toBeLessThan(3_000);
  } finally {
    await proxy.close();
    await other.close();
  }
});

describe('a sensitive act', () => {
  it('needs a token younger than 15 minutes', async () => {
    const { backupId } = await seedCompleted(world.core);
    const path = `/api/admin/backups/${backupId}?force=true`;
    const iat = Math.floor(Date.now() / 1000) - 16 * 60;
    const old = world.token('admin', { iat, sub: 'late' });
    const reply = await world.call('DELETE', path, { token: old });
    expect([reply.status, codeOf(reply)]).toEqual([403, 'token-too-old']);
    expect(reply.body['detail']).toContain('Log in again');
    expect((await world.get(`/api/admin/backups/${backupId}`, { token: old })).body.status).toBe('completed');
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({
        event: 'authz_fail',
        actor: 'late',
        resource: `DELETE /api/admin/backups/${backupId}`,
      }),
    );
    // Over half of the backups may go by a confirmed cleanup; the others are upkeep.
    const cleanUp = (body: object) => world.post('/api/admin/backups/cleanup', body, { token: old });
    const confirmed = await cleanUp({ confirm: 3 });
    expect([confirmed.status, codeOf(confirmed)]).toEqual([403, 'token-too-old']);
    for (const body of [{}, { confirm: 3, dryRun: true }]) expect((await cleanUp(body)).status).toBe(202);
    const young = world.token('admin', { iat: Math.floor(Date.now() / 1000) - 14 * 60 });
    expect((await world.post('/api/admin/backups/cleanup', { confirm: 3 }, { token: young })).status).toBe(202);
    expect((await world.call('DELETE', path, { token: young })).status).toBe(202);
  });
});
