import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createLog } from '#logging';
import { systemClock } from '#contracts';
import { LogLevels } from '../../apps/api/src/logging/log-levels.js';
import { followLogLevel } from '../../apps/worker/src/logging/follow-log-level.js';
import { WorkerLog } from '../../apps/worker/src/logging/worker-log.js';
import { ApiWorld, type ApiReply } from '../support/api-world.js';
import { MovedClock } from '../support/moved-clock.js';

// How much the log says, for a while, and its newest lines.

jest.setTimeout(60_000);

const clock = new MovedClock(new Date().toISOString());
let world: ApiWorld;
let replica: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({ parts: () => ({ clock: { ...systemClock, now: () => clock.now() } }) });
  replica = await ApiWorld.start({
    environment: { CATALOG_MONGODB_URI: world.core.config.catalogUri.reveal() },
    parts: () => ({ clock: { ...systemClock, now: () => clock.now() } }),
  });
});
afterAll(async () => {
  await replica.close();
  await world.close();
});

const put = (body: unknown, token = world.token('admin', { sub: 'ann' })): Promise<ApiReply> =>
  world.call('PUT', '/api/admin/system/log-level', { token, body });
const levelOf = async (of: ApiWorld): Promise<unknown> => (await of.get('/api/admin/system/log-level')).body.level;

describe('the log level', () => {
  it('is the configured one', async () => {
    expect((await world.get('/api/admin/system/log-level')).body).toEqual({
      ...{ level: 'info', configured: 'info', until: null, setBy: null },
    });
  });

  it('is another one for a while: here at once, elsewhere at the next look, and then again the configured one', async () => {
    const reply = await put({ level: 'debug', seconds: 60 });
    expect({ status: reply.status, ...reply.body }).toEqual({
      ...{ status: 200, level: 'debug', configured: 'info', setBy: 'ann' },
      until: new Date(clock.now().getTime() + 60_000).toISOString(),
    });
    const worker = new WorkerLog(createLog({ service: 'w', level: 'info', version: 'test', write: () => undefined }));
    const follow = followLogLevel({
      ...{ catalog: world.core.catalog, config: { logLevel: 'info' }, clock, log: worker },
    });
    await follow();
    expect(worker.pino.level).toBe('debug');
    await replica.app.get(LogLevels).look();
    expect([await levelOf(world), await levelOf(replica)]).toEqual(['debug', 'debug']);
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({ event: 'log_level', actor: 'ann', detail: 'debug for 60 s', outcome: 'success' }),
    );

    clock.pass(61_000);
    await follow();
    for (const each of [world, replica]) await each.app.get(LogLevels).look();
    expect([await levelOf(world), await levelOf(replica), worker.pino.level]).toEqual(['info', 'info', 'info']);
  });

  it('goes back at once when asked to', async () => {
    await put({ level: 'trace' });
    expect(await levelOf(world)).toBe('trace');
    expect((await put({ level: 'configured' })).body).toMatchObject({ level: 'info', until: null });
    await replica.app.get(LogLevels).look();
    expect(await levelOf(replica)).toBe('info');
  });

  it('hides neither itself nor the numbers and hashes of the audit log', async () => {
    const before = world.lines.length;
    await put({ level: 'warn', seconds: 60 });
    world.core.log.info('not written');
    await put({ level: 'configured' });
    const entries = (await world.auditEntries()).filter(({ event }) => event === 'log_level').slice(-2);
    const lines = world.lines.slice(before).map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { _id: sequence, hash } of entries)
      expect(lines).toContainEqual(expect.objectContaining({ msg: 'audit', level: 'info', sequence, hash }));
    expect(lines.filter(({ msg }) => msg === 'log level').map(({ level: _, ...line }) => line)).toEqual([
      expect.objectContaining({ before: 'info', by: 'ann' }),
      expect.objectContaining({ before: 'warn', by: null }),
    ]);
    expect(lines.filter(({ msg }) => msg === 'not written' || msg === 'answered')).toMatchObject([
      { path: '/api/admin/system/log-level' },
    ]);
  });

  it.each([
    {},
    { level: 'silent' },
    { level: 'error' },
    { level: 'debug', seconds: 9 },
    { level: 'debug', seconds: 86_401 },
    { level: 'debug', seconds: '60' },
    { level: 'debug', for: 'ever' },
  ])('refuses %j', async (body) => {
    expect((await put(body)).status).toBe(400);
    expect(await levelOf(world)).toBe('info');
  });

  it('and the lines are for admins', async () => {
    const token = world.token('operator');
    expect((await put({ level: 'debug' }, token)).status).toBe(403);
    for (const path of ['log-level', 'logs'] as const)
      expect((await world.get(`/api/admin/system/${path}`, { token })).status).toBe(403);
  });
});

describe('the newest lines', () => {
  interface Lines {
    readonly process: string;
    readonly data: { level: string; message: string; correlationId: string | null; fields: Record<string, unknown> }[];
  }
  const logs = async (query = ''): Promise<Lines> =>
    (await world.get(`/api/admin/system/logs?${query}`)).body as unknown as Lines;

  it('come as they were written, without secrets, from the oldest to the newest', async () => {
    world.core.log.warn('with mongodb://keeper:sEcReT@db', { token: 'sEcReT', kept: 1 });
    await world.get('/api/admin/schedules', { headers: { 'x-correlation-id': 'line-to-find' } });
    const { process: of, data } = await logs('lines=50');
    expect(of).toContain(`/${process.pid}`);
    expect(data.length).toBeLessThanOrEqual(50);
    expect(data.find(({ correlationId }) => correlationId === 'line-to-find')).toMatchObject({
      ...{ level: 'info', message: 'answered', fields: { path: '/api/admin/schedules', status: 200 } },
    });
    expect(data).toContainEqual(
      expect.objectContaining({
        message: 'with mongodb://[redacted]@db',
        fields: { token: '[redacted]', kept: 1 },
      }),
    );
    expect(JSON.stringify(data)).not.toContain('sEcReT');
  });

  it('can be asked for by their importance and number, and looking is audited', async () => {
    world.core.log.warn('the last warning');
    expect((await logs('level=warn&lines=1')).data).toMatchObject([{ level: 'warn', message: 'the last warning' }]);
    for (const query of ['lines=0', 'lines=1001', 'lines=x', 'level=silent', 'tail=1'])
      expect((await world.get(`/api/admin/system/logs?${query}`)).status).toBe(400);
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({ event: 'logs_read', actor: 'tester', detail: '1 lines' }),
    );
  });
});
