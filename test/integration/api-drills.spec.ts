import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { alertKey, type NewDrill } from '#catalog';
import { AppError, randomSuffix, systemRandom, type DrillReport } from '#contracts';
import { drillStates } from '../../apps/api/src/scheduling/drill-states.js';
import { Watch } from '../../apps/api/src/scheduling/watch.js';
import { ApiWorld, type ApiReply } from '../support/api-world.js';
import { completedBackup } from '../support/catalog-world.js';
import { MovedClock } from '../support/moved-clock.js';

jest.setTimeout(90_000);
let world: ApiWorld;
let backupId: string;

beforeAll(async () => {
  world = await ApiWorld.start({
    environment: { RESTORE_TARGETS: 'production,staging', RESTORE_TARGET_STAGING_SCRATCH: 'true' },
  });
  backupId = await completedBackup(world.core.catalog, 'clinic');
});
afterAll(() => world.close());

const drills = () => world.core.catalog.drills;
const post = (body: unknown, role: 'viewer' | 'operator' = 'operator'): Promise<ApiReply> =>
  world.post('/api/admin/drills', body, { token: world.token(role) });
const idOf = ({ body }: ApiReply): string => String(body['drillId']);
const codeOf = ({ body }: ApiReply): string => String(body['type']).replace(/^.*\//, '');

const report = (restoreMs: number, differences: string[] = []): DrillReport => ({
  outcome: differences.length === 0 ? 'equal' : 'different',
  namespaces: [{ db: 'clinic', collection: 'patients', type: 'collection', documents: 3, indexes: 1, differences }],
  queries: [{ name: 'any', count: 3, expect: { min: 1, max: null }, ok: true }],
  ...{ warnings: [], documents: 3, bytes: 900, restoreMs, compareMs: 4 },
});

/** A drill that a worker has ended. */
async function done(at: Date, result: DrillReport, more: Partial<NewDrill> = {}): Promise<string> {
  const drillId = `drill-20261123T090000Z-${randomSuffix(systemRandom, 6)}`;
  await drills().insert({
    ...{ drillId, trigger: 'manual', choice: 'asked', slot: null, target: 'clinic', backupId, targetName: 'staging' },
    ...{ createdAt: at, correlationId: 'c-drill', requestedBy: 'ada', ...more },
  });
  await drills().claim(drillId, 'a-worker', at);
  await drills().complete({ id: drillId, fence: 1 }, { at, report: result });
  return drillId;
}

describe('POST drills', () => {
  it('takes the newest backup of the one target, and says where to look', async () => {
    const reply = await post({});
    expect(reply.status).toBe(202);
    const drillId = idOf(reply);
    const self = `/api/admin/drills/${drillId}` as const;
    expect(reply.body).toEqual({
      ...{ drillId, status: 'pending', backupId },
      links: { self, cancel: `${self}/cancel`, backup: `/api/admin/backups/${backupId}` },
    });
    expect(reply.headers.get('location')).toBe(self);
    expect(await drills().find(drillId)).toMatchObject({
      ...{ trigger: 'manual', choice: 'newest', target: 'clinic', targetName: 'staging', requestedBy: 'tester' },
      correlationId: reply.headers.get('x-correlation-id'),
    });
    expect(await world.core.queue.isLive('drill', `${drillId}-1`)).toBe(true);
    expect((await world.get(self)).body).toMatchObject({ drillId, status: 'pending', report: null, attempt: 0 });
    const audit = await world.get('/api/admin/audit?event=backup_drill');
    expect(JSON.stringify(audit.body)).toContain(drillId);
    // It is a use of its backup.
    const deletion = await world.call('DELETE', `/api/admin/backups/${backupId}?force=true`);
    expect([deletion.status, codeOf(deletion)]).toEqual([409, 'backup-refused']);
    expect((await world.post(`${self}/cancel`)).body).toMatchObject({ drillId, status: 'cancelled' });
    expect((await world.post(`${self}/cancel`)).status).toBe(409);
  });

  it('takes the backup and the scratch target that are named', async () => {
    const reply = await post({ backupId, targetName: 'staging' });
    expect(reply.status).toBe(202);
    expect(await drills().find(idOf(reply))).toMatchObject({ choice: 'asked', backupId });
    await world.post(`/api/admin/drills/${idOf(reply)}/cancel`);
  });

  it.each<[string, unknown, number, string]>([
    ['a target that is no scratch target', { targetName: 'production' }, 422, 'request-unsupported'],
    ['a restore target that nobody declared', { targetName: 'elsewhere' }, 422, 'target-unknown'],
    ['a target without a backup', { target: 'nobody' }, 422, 'target-unknown'],
    ['a backup that is not there', { backupId: 'clinic-20200101T000000Z-abcdef' }, 404, 'backup-not-found'],
    ['an older one where there is none', { choice: 'older' }, 422, 'request-unsupported'],
    ['a choice that is none', { choice: 'asked' }, 400, 'request-invalid'],
    ['an id that is none', { backupId: 'x' }, 400, 'request-invalid'],
    ['an unknown field', { uri: 'mongodb://evil' }, 400, 'request-invalid'],
  ])('refuses %s', async (_what, body, status, code) => {
    const reply = await post(body);
    expect([reply.status, codeOf(reply)]).toEqual([status, code]);
  });

  it('takes one of the older ones by lot when it is told so', async () => {
    const target = `lots-${randomSuffix(systemRandom, 6)}`;
    for (let made = 0; made < 2; made += 1) await completedBackup(world.core.catalog, target);
    const [newest, oldest] = await world.core.catalog.backups.otherGood({ backupId: '', target });
    const reply = await post({ target, choice: 'older' });
    expect(reply.status).toBe(202);
    expect(await drills().find(idOf(reply))).toMatchObject({ choice: 'older', backupId: oldest });
    await world.post(`/api/admin/drills/${idOf(reply)}/cancel`);
    expect((await post({ backupId: newest, choice: 'newest' })).status).toBe(422);
    expect(oldest).not.toBe(newest);
  });

  it('refuses a backup of another target, and viewers', async () => {
    expect((await post({ backupId, target: 'other' })).status).toBe(422);
    expect((await post({}, 'viewer')).status).toBe(403);
  });

  it('makes one drill of a repeated request', async () => {
    const headers = { 'idempotency-key': `drill-${backupId}` };
    const first = await world.post('/api/admin/drills', {}, { headers });
    const second = await world.post('/api/admin/drills', {}, { headers });
    expect(idOf(second)).toBe(idOf(first));
    await world.post(`/api/admin/drills/${idOf(first)}/cancel`);
  });
});

it('verify at level restored is taken where there is a scratch target', async () => {
  const reply = await world.post(`/api/admin/backups/${backupId}/verify`, { level: 'restored' });
  expect(reply.status).toBe(202);
  const task = await world.core.catalog.tasks.find(String(reply.body.verificationId));
  expect(task).toMatchObject({ kind: 'verify', level: 'restored', backupId });
});

it('a drill that is not there is 404', async () => {
  for (const id of ['drill-20200101T000000Z-abcdef', 'x', '..%2F..']) {
    const reply = await world.get(`/api/admin/drills/${id}`);
    expect(reply.status).toBe(404);
  }
});

describe('what drills found', () => {
  let good: string;
  let bad: string;
  const at = new Date();
  beforeAll(async () => {
    good = await done(new Date(at.getTime() - 2_000), report(1_234));
    bad = await done(new Date(at.getTime() - 1_000), report(999, ['2 documents instead of 3']));
  });

  it('is in the list and in each record', async () => {
    const list = await world.get('/api/admin/drills?status=completed_with_differences&target=clinic');
    expect(list.body).toMatchObject({ data: [{ drillId: bad }], pagination: { total: 1 } });
    const [listed] = list.body.data as { report: { namespaces: unknown[] } }[];
    expect(listed?.report.namespaces).toEqual([]);
    const shown = await world.get(`/api/admin/drills/${bad}`, { token: world.token('viewer') });
    expect(shown.body).toMatchObject({
      status: 'completed_with_differences',
      report: {
        outcome: 'different',
        namespaces: [{ collection: 'patients', differences: ['2 documents instead of 3'] }],
      },
    });
  });

  it('tells recovery point and time in the statistics, beside what was there before', async () => {
    const { body } = await world.get('/api/admin/backups/stats');
    const [target] = body.targets as Record<string, unknown>[];
    expect(target).toMatchObject({
      ...{ target: 'clinic', overdue: false, recoveryPoint: { backupId } },
      recoveryTime: { drillId: good, restoreMs: 1_234, history: [{ drillId: bad }, { drillId: good }] },
    });
    const point = target?.['recoveryPoint'] as {
      ageSeconds: number;
      history: { date: string; worstSeconds: number }[];
    };
    expect(point.ageSeconds).toBeGreaterThanOrEqual(0);
    expect(point.history[0]?.date).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(point.history[0]?.worstSeconds).toBeGreaterThanOrEqual(0);
  });
});

describe('drills on a schedule', () => {
  it('are overdue when none found all equal in time, and are told once, and once more when it is over', async () => {
    const { catalog, config } = world.core;
    const target = `drilled-${randomSuffix(systemRandom, 6)}`;
    const [first] = config.targets;
    if (first === undefined) throw new Error('no target');
    const drill = { schedule: { cron: '0 5 * * *', timezone: 'UTC' }, targetName: null, queries: [] };
    const scheduled = { targets: [{ ...first, name: target, drill }], drillOverdueMs: 3_600_000 };
    const clock = new MovedClock('2027-03-01T00:00:00Z');
    const since = clock.now();
    const watch = new Watch({ catalog, clock, channels: [] });
    const look = async () => {
      const states = await drillStates(catalog, scheduled, clock.now(), since);
      return (await watch.look([], 1, states)).map(({ kind }) => kind);
    };
    const day = 86_400_000;
    expect(await look()).toEqual([]);
    clock.pass(6 * 3_600_000);
    expect(await look()).toEqual([]);
    clock.pass(60_000);
    expect(await look()).toEqual(['drill-overdue']);
    expect(await look()).toEqual([]);
    expect((await catalog.alerts.raised()).map(({ key }) => key)).toContain(alertKey('drill-overdue', target));
    // One that found differences is not what was promised.
    await done(clock.now(), report(10, ['x']), { target });
    expect(await look()).toEqual([]);
    await done(clock.now(), report(10), { target });
    expect(await look()).toEqual(['recovered']);
    clock.pass(day - 60_000);
    expect(await look()).toEqual([]);
    clock.pass(day);
    expect(await look()).toEqual(['drill-overdue']);
  });
});

it('nothing is begun when the queue does not answer', async () => {
  const down = await ApiWorld.start({
    environment: { RESTORE_TARGETS: 'staging', RESTORE_TARGET_STAGING_SCRATCH: 'true' },
    parts: (core) => ({
      queue: new Proxy(core.queue, {
        get(target, name) {
          if (name === 'add')
            return () =>
              Promise.reject(
                new AppError({ code: 'queue/unavailable', stage: 'queue', message: 'down', retry: 'retry' }),
              );
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      }),
    }),
  });
  try {
    const own = await completedBackup(down.core.catalog, 'clinic');
    expect((await down.post('/api/admin/drills', {})).status).toBe(503);
    expect(await down.core.catalog.drills.uses(own)).toBe(false);
  } finally {
    await down.close();
  }
});
