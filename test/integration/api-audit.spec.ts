import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RefusalLog } from '../../apps/api/src/audit/refusal-log.js';
import { seedCompleted } from '../support/api-records.js';
import { ApiWorld } from '../support/api-world.js';
import { hazina } from '../support/run-hazina.js';

jest.setTimeout(60_000);

// Who did what, from where, and what came of it.

let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({ environment: { TRUST_PROXY: '127.0.0.1' } });
});
afterAll(() => world.close());

type Entry = Record<string, unknown>;
async function list(query = ''): Promise<Entry[]> {
  await world.auditEntries();
  const reply = await world.get(`/api/admin/audit?${query}`);
  expect(reply.status).toBe(200);
  return reply.body.data as Entry[];
}

describe('GET /api/admin/audit', () => {
  it('tells who did what, when, from where, and what came of it', async () => {
    const { backupId } = await seedCompleted(world.core);
    const token = world.token('admin', { sub: 'ann' });
    const headers = { 'x-forwarded-for': '198.51.100.9', 'x-correlation-id': 'audited-act-1' };
    const began = Date.now();
    await world.call('PATCH', `/api/admin/backups/${backupId}`, { token, body: { pinned: true }, headers });
    expect((await world.call('DELETE', `/api/admin/backups/${backupId}`, { token, headers })).status).toBe(409);
    const who = {
      actor: 'ann',
      role: 'admin',
      address: '198.51.100.9',
      correlationId: 'audited-act-1',
      resource: backupId,
    };
    const entries = await list('actor=ann');
    expect(entries).toMatchObject([
      { ...who, event: 'sensitive_delete', outcome: 'failure', detail: 'no force: backup/refused' },
      { ...who, event: 'backup_marks', outcome: 'success', detail: 'pinned: true' },
    ]);
    expect(Date.parse(String(entries[1]?.['at']))).toBeGreaterThanOrEqual(began);
    expect(await list('actor=ann&outcome=failure')).toHaveLength(1);
    expect(await list(`resource=${backupId}&event=backup_marks`)).toHaveLength(1);
    expect(await list('to=2020-01-01')).toEqual([]);
  });

  it('is for admins, by pages, and takes no other query', async () => {
    for (const role of ['viewer', 'operator'] as const)
      expect((await world.get('/api/admin/audit', { token: world.token(role) })).status).toBe(403);
    const first = await world.get('/api/admin/audit?limit=1');
    const { data, next, head } = first.body as { data: Entry[]; next: number; head: Entry };
    expect([data.length, next]).toEqual([1, data[0]?.['sequence']]);
    expect(Object.keys(head)).toEqual(['sequence', 'hash']);
    expect((await list(`limit=1&before=${next}`))[0]?.['sequence']).toBe(next - 1);
    for (const query of [
      'limit=0',
      'limit=201',
      'before=0',
      'event[$ne]=x',
      'event=A',
      'outcome=maybe',
      'from=now',
      'x=1',
    ])
      expect([query, (await world.get(`/api/admin/audit?${query}`)).status]).toEqual([query, 400]);
  });
});

describe('refusals', () => {
  const refuse = (address: string): Promise<unknown> =>
    world.call('GET', '/api/admin/backups?secret=1', { token: 'forged', headers: { 'x-forwarded-for': address } });

  it('are an entry at once, and more of them a number', async () => {
    for (let attempt = 0; attempt < 8; attempt += 1) await refuse('203.0.113.5');
    const before = await list('event=authz_fail&actor=anonymous');
    expect(before.filter(({ address }) => address === '203.0.113.5')).toMatchObject([
      { outcome: 'failure', resource: 'GET /api/admin/backups', role: null },
    ]);
    world.app.get(RefusalLog).flush();
    const after = await list('event=authz_fail&actor=anonymous');
    expect(after.find(({ detail }) => String(detail).includes('more'))).toMatchObject({
      ...{ address: '203.0.113.5', detail: '7 more within 60 s: GET /api/admin/backups (7)', outcome: 'failure' },
    });
    expect(JSON.stringify(after)).not.toMatch(/forged|secret/);
  });

  it('of many addresses do not fill the log', async () => {
    const before = (await list('limit=200')).length;
    for (let attempt = 0; attempt < 150; attempt += 1) await refuse(`100.64.${attempt}.1`);
    expect((await list('limit=200')).length - before).toBeLessThanOrEqual(100);
    world.app.get(RefusalLog).flush();
  });

  it('for want of a role and for too many requests are told as such', async () => {
    const token = world.token('viewer', { sub: 'curious' });
    await world.post('/api/admin/backups/trigger', undefined, { token });
    expect(await list('actor=curious')).toMatchObject([
      { event: 'authz_fail', resource: 'POST /api/admin/backups/trigger' },
    ]);
    const busy = world.token('viewer', { sub: 'busy' });
    await Promise.all(Array.from({ length: 125 }, () => world.get('/api/admin/backups/none', { token: busy })));
    expect(await list('actor=busy')).toMatchObject([{ event: 'excess_rate_limit_exceeded', outcome: 'failure' }]);
  });
});

describe('hazina audit verify', () => {
  const verify = (...args: string[]) =>
    hazina(['audit', 'verify', ...args], { CATALOG_MONGODB_URI: world.environment()['CATALOG_MONGODB_URI'] ?? '' });

  it('proves the chain, and compares it with an entry noted in the log', async () => {
    await world.post('/api/admin/backups/trigger');
    await world.auditEntries();
    const noted = world.lines
      .map((line) => JSON.parse(line) as Entry)
      .filter(({ msg }) => msg === 'audit')
      .at(-1);
    const { code, stdout } = await verify(
      '--json',
      '--head',
      `${String(noted?.['sequence'])}:${String(noted?.['hash'])}`,
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      problems: [],
      head: { sequence: noted?.['sequence'], hash: noted?.['hash'] },
    });
    expect((await verify()).stdout).toContain('The chain is whole.');
    expect((await verify('--head', `1:${'0'.repeat(64)}`)).code).toBe(11);
    expect((await verify('--head', 'x')).code).toBe(2);
  });

  it('ends with 11 when an entry was edited, and names it', async () => {
    await world.changeDocument('auditlog', { _id: 2 }, { actor: 'somebody else' });
    const { code, stdout, stderr } = await verify();
    expect([code, stdout]).toEqual([11, expect.stringContaining('CHANGED: Entry 2 was changed')]);
    expect(stderr).toContain('not what was written');
  });

  it('asks for the catalogue, and ends with 15 when it is away', async () => {
    expect((await hazina(['audit', 'verify'], {})).code).toBe(3);
    const away = { CATALOG_MONGODB_URI: 'mongodb://u:sEcReT@127.0.0.1:1/x?serverSelectionTimeoutMS=200' };
    const { code, stderr } = await hazina(['audit', 'verify'], away);
    expect(code).toBe(15);
    expect(stderr).not.toContain('sEcReT');
  });
});
