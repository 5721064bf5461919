import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { isBackupId } from '#contracts';
import { seedCompleted, seedPending } from '../support/api-records.js';
import { ApiWorld, type ApiReply } from '../support/api-world.js';
import { failure } from '../support/catalog-world.js';
import { services } from '../services/services.js';

// Scrypt and a busy machine take their time; nothing here waits for a fixed one.
jest.setTimeout(60_000);

let world: ApiWorld;
let redis: Redis;
beforeAll(async () => {
  world = await ApiWorld.start({
    environment: { BACKUP_TARGETS_FILE: '/targets.yaml' },
    files: {
      '/targets.yaml':
        'targets:\n' +
        ['clinic', 'lab', 'shop', 'wiki', 'crm'].map((name) => `  - { name: ${name}, uriVariable: X_URI }\n`).join(''),
    },
  });
  redis = new Redis(services().redisUrl);
});
afterAll(async () => {
  redis.disconnect();
  await world.close();
});

const codeOf = (reply: ApiReply): string => String(reply.body['type']).replace('https://hazina.dev/problems/', '');
const problem = (reply: ApiReply) => ({ status: reply.status, code: codeOf(reply) });
const hasJob = async (queue: string, id: string): Promise<boolean> =>
  (await redis.exists(`${world.redisPrefix}:${queue}:${id}`)) === 1;

describe('POST trigger', () => {
  it('makes a pending record and its job, under the id of the request', async () => {
    const reply = await world.post(
      '/api/admin/backups/trigger',
      { target: 'clinic', label: 'before the upgrade', pinned: true },
      { headers: { 'x-correlation-id': 'from-a-test.1' } },
    );
    const { backupId } = reply.body as { backupId: string };
    expect({ status: reply.status, valid: isBackupId(backupId) }).toEqual({ status: 202, valid: true });
    expect(reply.body).toEqual({
      backupId,
      status: 'pending',
      links: {
        self: `/api/admin/backups/${backupId}`,
        events: `/api/admin/backups/${backupId}/events`,
        download: `/api/admin/backups/${backupId}/download`,
        verify: `/api/admin/backups/${backupId}/verify`,
        restore: `/api/admin/backups/${backupId}/restore`,
      },
    });
    expect(reply.headers.get('location')).toBe(`/api/admin/backups/${backupId}`);
    expect(await hasJob('backup', `${backupId}-1`)).toBe(true);
    const record = (await world.get(`/api/admin/backups/${backupId}`)).body;
    expect(record).toMatchObject({
      ...{ backupId, status: 'pending', target: 'clinic', trigger: 'manual', label: 'before the upgrade' },
      ...{ pinned: true, correlationId: 'from-a-test.1', database: null, s3Key: null, attempt: 0, slot: null },
      ...{ verifications: [], replicas: [], metadata: null, error: null },
    });
    expect(await redis.hget(`${world.redisPrefix}:backup:${backupId}-1`, 'data')).toBe(JSON.stringify({ backupId }));

    const second = await world.post('/api/admin/backups/trigger', { target: 'clinic' });
    expect(problem(second)).toEqual({ status: 409, code: 'backup-already-running' });
    expect(second.body.runningId).toBe(backupId);

    const cancelled = await world.post(`/api/admin/backups/${backupId}/cancel`);
    expect({ status: cancelled.status, now: cancelled.body.status }).toEqual({ status: 202, now: 'cancelled' });
    expect(problem(await world.post(`/api/admin/backups/${backupId}/cancel`))).toEqual({
      status: 409,
      code: 'backup-refused',
    });
  });

  it('twice at the same moment gives one backup', async () => {
    const replies = await Promise.all(
      [1, 2, 3, 4].map(() => world.post('/api/admin/backups/trigger', { target: 'lab' })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409]);
    const listed = (await world.get('/api/admin/backups?target=lab')).body as { pagination: { total: number } };
    expect(listed.pagination.total).toBe(1);
  });

  it('asks for the target where there are several, and knows no others', async () => {
    const reply = await world.post('/api/admin/backups/trigger');
    expect(problem(reply)).toEqual({ status: 400, code: 'request-invalid' });
    expect(reply.body.errors).toEqual([
      { field: 'target', message: 'target must be one of clinic, lab, shop, wiki, crm' },
    ]);
    expect(problem(await world.post('/api/admin/backups/trigger', { target: 'nobody' }))).toEqual({
      status: 422,
      code: 'target-unknown',
    });
  });
});

describe('GET backups', () => {
  const made: string[] = [];
  beforeAll(async () => {
    for (const [index, size] of [300, 100, 200].entries()) {
      const { backupId } = await seedCompleted(world.core, {
        target: 'shop',
        at: new Date(Date.UTC(2026, 9, 10 + index, 2)),
        stored: false,
        size,
      });
      made.push(backupId);
    }
  });
  const ids = async (query: string): Promise<(string | undefined)[]> => {
    const { data } = (await world.get(`/api/admin/backups?target=shop&${query}`)).body as {
      data: { backupId: string }[];
    };
    return data.map(({ backupId }) => backupId);
  };

  it('gives the newest first, a page at a time', async () => {
    const [a, b, c] = made;
    expect(await ids('')).toEqual([c, b, a]);
    const page = await world.get('/api/admin/backups?target=shop&limit=2&page=2');
    expect(page.body.pagination).toEqual({ page: 2, limit: 2, total: 3, totalPages: 2 });
    expect(await ids('limit=2&page=2')).toEqual([a]);
    expect(await ids('page=9')).toEqual([]);
  });

  it('sorts by every field, both ways', async () => {
    const [a, b, c] = made;
    for (const field of ['createdAt', 'startedAt', 'completedAt']) {
      expect(await ids(`sortBy=${field}&sortOrder=asc`)).toEqual([a, b, c]);
      expect(await ids(`sortBy=${field}`)).toEqual([c, b, a]);
    }
    expect(await ids('sortBy=size&sortOrder=asc')).toEqual([b, c, a]);
    expect((await ids('sortBy=status')).sort()).toEqual([...made].sort());
  });

  it('filters by status, trigger and time', async () => {
    const [a, b, c] = made;
    expect(await ids('status=completed&trigger=manual')).toHaveLength(3);
    expect(await ids('status=failed')).toEqual([]);
    expect(await ids('trigger=schedule')).toEqual([]);
    expect(await ids('from=2026-10-11')).toEqual([c, b]);
    expect(await ids('to=2026-10-10')).toEqual([a]);
    expect(await ids('from=2026-10-11T02:00:00Z&to=2026-10-11T04:00:00%2B02:00')).toEqual([b]);
  });

  it('gives every field of the requirements, and nothing that is only ours', async () => {
    const { body } = await world.get(`/api/admin/backups/${made[0] ?? ''}`);
    for (const field of 'backupId status database s3Key hash size startedAt completedAt errorMessage metadata retentionDate verificationStatus'.split(
      ' ',
    ))
      expect(Object.keys(body)).toContain(field);
    expect(body).toMatchObject({ database: 'clinic', size: 300, engine: { name: 'native', version: '1.0.0' } });
    const text = expect.stringContaining('one after another') as unknown;
    expect(body.consistency).toEqual({ mode: 'none', at: null, text });
    expect(body.metadata).toMatchObject({ collections: [{ name: 'clinic.patients', documents: 3, bytes: 900 }] });
    for (const inner of [
      'claim',
      'running',
      'commit',
      'jobNumber',
      'marks',
      'owner',
      'storeId',
      '_id',
      '__v',
      'lastProvenAt',
    ])
      expect(Object.keys(body)).not.toContain(inner);
    const { data } = (await world.get('/api/admin/backups?target=shop&limit=1')).body as { data: object[] };
    expect(Object.keys(data[0] ?? {}).sort()).toEqual(
      Object.keys(body)
        .filter((field) => !['events', 'warnings', 'nextAttemptAt', 'cancelRequested'].includes(field))
        .sort(),
    );
  });

  it('knows no backup of an id that is none', async () => {
    for (const id of [
      'clinic-20261123T020000Z-k3f9q2',
      'nonsense',
      '%24ne',
      '..%2F..',
      'a'.repeat(500),
      '[object%20Object]',
      '%00',
    ])
      expect(problem(await world.get(`/api/admin/backups/${id}`))).toEqual({ status: 404, code: 'backup-not-found' });
  });
});

describe('of a completed backup', () => {
  let backupId: string;
  beforeEach(async () => {
    ({ backupId } = await seedCompleted(world.core, { target: 'wiki' }));
  });

  it('verify makes one task and its job; a second one waits its turn', async () => {
    const reply = await world.post(`/api/admin/backups/${backupId}/verify`, { level: 'stored' });
    expect({ status: reply.status, body: reply.body }).toEqual({
      status: 202,
      body: { verificationId: `${backupId}-v1` },
    });
    expect(await hasJob('verify', `${backupId}-v1-1`)).toBe(true);
    expect(problem(await world.post(`/api/admin/backups/${backupId}/verify`))).toEqual({
      status: 409,
      code: 'backup-refused',
    });
    expect(problem(await world.call('DELETE', `/api/admin/backups/${backupId}?force=true`))).toEqual({
      status: 409,
      code: 'backup-refused',
    });
  });

  it('verify at level restored is not possible yet, and other levels never', async () => {
    expect(problem(await world.post(`/api/admin/backups/${backupId}/verify`, { level: 'restored' }))).toEqual({
      status: 422,
      code: 'request-unsupported',
    });
    expect(problem(await world.post(`/api/admin/backups/${backupId}/verify`, { level: 'best' }))).toEqual({
      status: 400,
      code: 'request-invalid',
    });
  });

  it('pin and label change, and a pinned one is not deleted', async () => {
    const path = `/api/admin/backups/${backupId}`;
    expect(problem(await world.call('PATCH', path, { body: {} }))).toEqual({ status: 400, code: 'request-invalid' });
    expect(problem(await world.call('PATCH', path, { body: { pinned: null } }))).toEqual({
      status: 400,
      code: 'request-invalid',
    });
    const changed = await world.call('PATCH', path, { body: { pinned: true, label: 'keep' } });
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ backupId, pinned: true, label: 'keep' });
    expect(await hasJob('cleanup', `marks-${backupId}-1`)).toBe(true);
    expect(problem(await world.call('DELETE', `${path}?force=true`))).toEqual({ status: 409, code: 'backup-refused' });
    expect((await world.call('PATCH', path, { body: { pinned: false, label: null } })).body).toMatchObject({
      pinned: false,
      label: null,
    });
  });

  it('delete marks it for the worker; again is the same', async () => {
    await seedCompleted(world.core, { target: 'wiki' });
    const reply = await world.call('DELETE', `/api/admin/backups/${backupId}`);
    expect({ status: reply.status, body: reply.body }).toMatchObject({
      status: 202,
      body: { backupId, status: 'deleting' },
    });
    expect(await hasJob('cleanup', `delete-${backupId}-1`)).toBe(true);
    expect((await world.call('DELETE', `/api/admin/backups/${backupId}`)).status).toBe(202);
    expect(problem(await world.get(`/api/admin/backups/${backupId}/download`))).toEqual({
      status: 410,
      code: 'backup-object-missing',
    });
    await world.core.catalog.backups.deleted(backupId, new Date());
    expect(problem(await world.call('DELETE', `/api/admin/backups/${backupId}`))).toEqual({
      status: 404,
      code: 'backup-not-found',
    });
    expect((await world.get(`/api/admin/backups/${backupId}`)).body).toMatchObject({ status: 'deleted' });
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({
        event: 'sensitive_delete',
        actor: 'tester',
        resource: backupId,
        role: 'admin',
        outcome: 'success',
      }),
    );
  });
});

it('the last good backup goes only with force', async () => {
  const { backupId } = await seedCompleted(world.core, { target: 'crm' });
  expect(problem(await world.call('DELETE', `/api/admin/backups/${backupId}`))).toEqual({
    status: 409,
    code: 'backup-refused',
  });
  expect(problem(await world.call('DELETE', `/api/admin/backups/${backupId}?force=perhaps`))).toEqual({
    status: 400,
    code: 'request-invalid',
  });
  expect((await world.call('DELETE', `/api/admin/backups/${backupId}?force=true`)).status).toBe(202);
});

it('a backup that was found damaged is not the last good one', async () => {
  const { tasks, backups } = world.core.catalog;
  const { backupId } = await seedCompleted(world.core, { target: 'worn' });
  await world.post(`/api/admin/backups/${backupId}/verify`, { level: 'readable' });
  const taskId = `${backupId}-v1`;
  const claimed = await tasks.claim(taskId, 'worker', new Date());
  const ref = { id: taskId, fence: claimed?.claim.fence ?? 0 };
  const failed = await tasks.fail(ref, failure('container/corrupt', 'no-retry'));
  if (failed === null) throw new Error('the verification did not fail');
  await backups.verified(backupId, failed, null);
  expect((await world.call('DELETE', `/api/admin/backups/${backupId}`)).status).toBe(202);
});

it('a running backup is neither deleted nor verified nor downloaded; a cancelled one is removed at once', async () => {
  const backupId = await seedPending(world.core, 'crm', new Date());
  const path = `/api/admin/backups/${backupId}` as const;
  expect(problem(await world.call('DELETE', path))).toEqual({ status: 409, code: 'backup-refused' });
  expect(problem(await world.post(`${path}/verify`))).toEqual({ status: 409, code: 'backup-not-completed' });
  expect(problem(await world.get(`${path}/download`))).toEqual({ status: 409, code: 'backup-not-completed' });
  await world.core.catalog.backups.claim(backupId, 'worker', new Date());
  expect((await world.post(`${path}/cancel`)).body.status).toBe('in_progress');
  expect((await world.get(path)).body.cancelRequested).toBe(true);
  await world.core.catalog.backups.cancelled({ id: backupId, fence: 1 }, new Date());
  expect((await world.call('DELETE', path)).status).toBe(204);
  expect((await world.get(path)).body.status).toBe('deleted');
});

it('what failed by a conflict of its commit is not deleted: a whole backup may stand there', async () => {
  const { backups } = world.core.catalog;
  const backupId = await seedPending(world.core, 'crm', new Date());
  const ref = { id: backupId, fence: (await backups.claim(backupId, 'worker', new Date()))?.claim.fence ?? 0 };
  await backups.recordCommit(ref, { attempt: ref.fence, bytes: '{}' });
  await backups.fail(ref, failure('commit/conflict', 'no-retry'), null);
  const reply = await world.call('DELETE', `/api/admin/backups/${backupId}?force=true`);
  expect(problem(reply)).toEqual({ status: 409, code: 'backup-refused' });
  expect(reply.text).toContain('hazina verify');
  expect(await backups.deleted(backupId, new Date())).toBe(false);
  expect((await backups.find(backupId))?.status).toBe('failed');
});

it('cleanup makes a task, whose state is told', async () => {
  const reply = await world.post('/api/admin/backups/cleanup', { target: 'shop', dryRun: true });
  const { cleanupId } = reply.body as { cleanupId: string };
  expect({ status: reply.status, location: reply.headers.get('location') }).toEqual({
    status: 202,
    location: `/api/admin/cleanups/${cleanupId}`,
  });
  expect(await hasJob('cleanup', `${cleanupId}-1`)).toBe(true);
  expect((await world.get(`/api/admin/cleanups/${cleanupId}`)).body).toMatchObject({
    cleanupId,
    status: 'pending',
    target: 'shop',
    dryRun: true,
    result: null,
  });
  expect(problem(await world.get('/api/admin/cleanups/nonsense'))).toEqual({ status: 404, code: 'cleanup-not-found' });
  // `dryRun: null` must not be a real run, `target: null` not one of every target.
  for (const wrong of [{ confirm: 0 }, { confirm: null }, { dryRun: null }, { target: null }])
    expect([wrong, problem(await world.post('/api/admin/backups/cleanup', wrong))]).toEqual([
      wrong,
      { status: 400, code: 'request-invalid' },
    ]);
  expect(problem(await world.post('/api/admin/backups/cleanup', { target: 'nobody' }))).toEqual({
    status: 422,
    code: 'target-unknown',
  });
});

it('stats, targets, schedules and system tell what the catalogue knows', async () => {
  const stats = (await world.get('/api/admin/backups/stats?target=shop')).body;
  expect(stats).toMatchObject({
    total: 3,
    successRate: 1,
    failureRate: 0,
    storageBytes: 600,
    averageSize: 200,
    quota: {
      ...{ bytes: null, used: 600, state: 'ok', policy: null, advice: null },
      ...{ daysUntilFull: null, daysThatFit: null },
    },
  });
  expect(stats.byStatus).toMatchObject({ completed: 3, failed: 0 });
  expect(stats.targets).toHaveLength(1);
  expect(stats.perDay).toHaveLength(30);
  const targets = (await world.get('/api/admin/targets')).body.data as object[];
  expect(targets.map((target) => (target as { target: string }).target)).toEqual([
    'clinic',
    'lab',
    'shop',
    'wiki',
    'crm',
  ]);
  expect(targets[2]).toMatchObject({
    schedule: '0 2 * * *',
    timezone: 'UTC',
    overdue: false,
    health: { state: 'unknown' },
    lastRun: { status: 'completed' },
  });
  const [schedule] = (await world.get('/api/admin/schedules')).body.data as { nextRuns: string[] }[];
  expect(schedule?.nextRuns).toHaveLength(10);
  expect((await world.get('/api/admin/system')).body).toMatchObject({
    version: 'test',
    keyIds: [],
    workers: [],
    queue: { state: 'ok' },
    storage: { state: 'ok' },
  });
});
