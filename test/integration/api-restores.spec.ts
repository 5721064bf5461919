import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { restoreJob } from '#catalog';
import { AppError, type JobRequest } from '#contracts';
import type { JobQueue } from '#queue';
import { ApiWorld, type ApiReply } from '../support/api-world.js';
import { completedBackup } from '../support/catalog-world.js';

jest.setTimeout(60_000);
let world: ApiWorld;
let backupId: string;
const added: JobRequest[] = [];
let isQueueDown = false;

beforeAll(async () => {
  world = await ApiWorld.start({
    environment: {
      RESTORE_TARGETS: 'staging,production',
      RESTORE_TARGET_STAGING_SCRATCH: 'true',
      // Were it read, this would be an error.
      RESTORE_TARGET_PRODUCTION_URI_FILE: '/nowhere',
    },
    parts: (core) => ({ queue: recording(core.queue) }),
  });
  backupId = await completedBackup(world.core.catalog, 'clinic');
});
afterAll(() => world.close());

/** The real queue, which this test can take down and whose jobs it sees. */
function recording(queue: JobQueue): JobQueue {
  return new Proxy(queue, {
    get(target, name) {
      if (name !== 'add') {
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      }
      return async (request: JobRequest) => {
        if (isQueueDown)
          throw new AppError({ code: 'queue/unavailable', stage: 'queue', message: 'down', retry: 'retry' });
        added.push(request);
        await target.add(request);
      };
    },
  });
}

const restores = () => world.core.catalog.restores;
const post = (body: unknown, role: 'viewer' | 'operator' | 'admin' = 'admin', id = backupId): Promise<ApiReply> =>
  world.post(`/api/admin/backups/${id}/restore`, body, { token: world.token(role) });
const idOf = ({ body }: ApiReply): string => String(body['restoreId']);
const cancel = (restoreId: string, role: 'viewer' | 'operator' = 'operator') =>
  world.post(`/api/admin/restores/${restoreId}/cancel`, undefined, { token: world.token(role) });

describe('users and roles', () => {
  const wish = { targetName: 'staging', mode: 'into-empty', usersAndRoles: true };

  it('are asked for by an admin, also on a scratch target', async () => {
    expect((await post(wish, 'operator')).body).toMatchObject({ status: 403, detail: expect.stringMatching(/admin/) });
    const restoreId = idOf(await post({ ...wish, databases: ['clinic'] }));
    expect(await restores().find(restoreId)).toMatchObject({ usersAndRoles: true });
    expect((await world.get(`/api/admin/restores/${restoreId}`)).body).toMatchObject({ usersAndRoles: true });
    expect((await cancel(restoreId)).status).toBe(202);
  });

  it.each([{ mode: 'scratch' }, { include: ['clinic.*'] }, { rename: [{ from: 'clinic', to: 'copy' }] }])(
    'do not go with %j',
    async (changes) => {
      const { status, body } = await post({ ...wish, ...changes });
      expect([status, body['errors']]).toEqual([422, [expect.objectContaining({ field: 'usersAndRoles' })]]);
    },
  );
});

describe('POST restore', () => {
  it('makes record and job, and says where to look', async () => {
    const wish = {
      ...{ targetName: 'staging', mode: 'scratch', databases: ['clinic'], include: ['clinic.p*'], exclude: ['*.tmp'] },
      ...{ rename: [{ from: 'clinic', to: 'copy' }], onConflict: 'keep-last', ignoreWrites: true },
    };
    const reply = await post(wish, 'operator');
    expect(reply.status).toBe(202);
    const restoreId = idOf(reply);
    const self = `/api/admin/restores/${restoreId}` as const;
    expect(reply.body).toEqual({
      ...{ restoreId, status: 'pending' },
      links: { self, cancel: `${self}/cancel`, backup: `/api/admin/backups/${backupId}` },
    });
    expect(reply.headers.get('location')).toBe(self);
    const record = await restores().find(restoreId);
    expect(record).toMatchObject({ ...wish, requestedBy: 'tester', role: 'operator', dryRun: false });
    expect(record?.correlationId).toBe(reply.headers.get('x-correlation-id'));
    expect(added.at(-1)).toEqual(restoreJob({ restoreId, jobNumber: 1 }));
    expect((await world.get(self)).body).toMatchObject({
      ...{ restoreId, status: 'pending', backupId, targetName: 'staging', mode: 'scratch', attempt: 0, report: null },
      ...{ rename: wish.rename, requestedBy: 'tester', cancelRequested: false, safetyBackupId: null },
    });
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({ event: 'backup_restore', actor: 'tester', resource: restoreId }),
    );
    await cancel(restoreId);
  });

  it.each([
    ['viewer', 'staging', 403],
    ['operator', 'production', 403],
    ['operator', 'staging', 202],
    ['admin', 'production', 202],
  ] as const)('by a %s into %s: %i', async (role, targetName, status) => {
    const reply = await post({ targetName, mode: 'into-empty' }, role);
    expect(reply.status).toBe(status);
    if (status === 202) expect((await cancel(idOf(reply))).body).toMatchObject({ status: 'cancelled' });
    else expect(reply.body).toMatchObject({ type: 'https://hazina.dev/problems/auth-forbidden' });
  });

  it.each([
    [{ targetName: 'elsewhere', mode: 'into-empty' }, 422, 'target-unknown'],
    [{ targetName: 'production', mode: 'scratch' }, 422, 'request-unsupported'],
    [{ targetName: 'staging', mode: 'replace' }, 422, 'restore-confirmation-needed'],
    [{ targetName: 'staging', mode: 'replace', confirm: 'Staging' }, 422, 'restore-confirmation-needed'],
    [{ targetName: 'staging', mode: 'into-empty', confirm: 'staging' }, 422, 'request-unsupported'],
    [{ targetName: 'staging', mode: 'into-empty', databases: ['nobody'] }, 422, 'request-unsupported'],
    [{ targetName: 'staging', mode: 'into-empty', rename: [{ from: 'a', to: 'b.c' }] }, 422, 'request-unsupported'],
    [{ targetName: 'staging', mode: 'into-empty', rename: [{ from: 'a.*', to: 'b.*' }] }, 400, 'request-invalid'],
    [
      {
        ...{ targetName: 'staging', mode: 'into-empty' },
        rename: [
          { from: 'a', to: 'b' },
          { from: 'a', to: 'c' },
        ],
      },
      422,
      'request-unsupported',
    ],
    [
      { targetName: 'staging', mode: 'into-empty', rename: [{ from: 'a', to: 'b', force: true }] },
      400,
      'request-invalid',
    ],
    [{ targetName: 'staging', mode: 'into-empty', include: ['a', 'a'] }, 400, 'request-invalid'],
    [{ targetName: 'staging', mode: 'into-empty', rename: [['a', 'b']] }, 400, 'request-invalid'],
    [{ targetName: 'staging', mode: 'into-empty', include: 'clinic' }, 400, 'request-invalid'],
    [{ targetName: 'staging', mode: 'into-empty', include: [''] }, 400, 'request-invalid'],
    [{ targetName: 'staging', mode: 'into-empty', databases: ['a.b'] }, 400, 'request-invalid'],
    [{ targetName: 'staging', mode: 'into-empty', databases: [{ $ne: 1 }] }, 400, 'request-invalid'],
    [{ targetName: 'staging', mode: 'into-empty', uri: 'mongodb://u:p@h' }, 400, 'request-invalid'],
    [{ targetName: 'mongodb://u:p@h', mode: 'into-empty' }, 400, 'request-invalid'],
    [{ targetName: 'staging', mode: 'over' }, 400, 'request-invalid'],
    [{ targetName: 'staging' }, 400, 'request-invalid'],
    [{ targetName: 'staging', mode: 'into-empty', dryRun: 'yes' }, 400, 'request-invalid'],
    [
      { targetName: 'staging', mode: 'into-empty', include: Array.from({ length: 101 }, (_, n) => `a.${n}`) },
      400,
      'request-invalid',
    ],
  ])('%j is refused (%i %s), and nothing is made', async (body, status, type) => {
    const before = (await restores().list({ page: 1, limit: 1, sortOrder: 'desc' })).total;
    const reply = await post(body);
    expect([reply.status, reply.body['type']]).toEqual([status, `https://hazina.dev/problems/${type}`]);
    expect(reply.text).not.toContain('u:p@h');
    expect((await restores().list({ page: 1, limit: 1, sortOrder: 'desc' })).total).toBe(before);
  });

  it('of what is not there, or not completed, is refused', async () => {
    const wish = { targetName: 'staging', mode: 'into-empty' };
    expect((await post(wish, 'admin', 'clinic-20260101T000000Z-abcdef')).status).toBe(404);
    expect((await post(wish, 'admin', 'no-id')).status).toBe(404);
    const other = await completedBackup(world.core.catalog, 'clinic');
    await world.core.catalog.backups.beginDelete(other, 'ada', new Date());
    const reply = await post(wish, 'admin', other);
    expect([reply.status, reply.body['type']]).toEqual([409, 'https://hazina.dev/problems/backup-not-completed']);
  });

  it('into a target that another restore writes to is refused, and names that one', async () => {
    const wish = { targetName: 'production', mode: 'into-empty' };
    const first = idOf(await post(wish));
    const second = await post({ ...wish, mode: 'replace', confirm: 'production' });
    expect(second.status).toBe(409);
    expect(second.body).toMatchObject({ type: 'https://hazina.dev/problems/restore-busy', runningId: first });
    const planned = await post({ ...wish, dryRun: true });
    expect(planned.status).toBe(202);
    // And the backup cannot be deleted meanwhile.
    const refused = await world.call('DELETE', `/api/admin/backups/${backupId}?force=true`);
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('being restored')]);
    await cancel(first);
    await cancel(idOf(planned));
    const replaced = await post({ ...wish, mode: 'replace', confirm: 'production' });
    expect(replaced.status).toBe(202);
    expect(await world.auditEntries()).toContainEqual(
      expect.objectContaining({ event: 'sensitive_restore', resource: idOf(replaced) }),
    );
    await cancel(idOf(replaced));
  });

  it('over data needs a token younger than 15 minutes', async () => {
    const iat = Math.floor(Date.now() / 1000) - 16 * 60;
    const token = world.token('admin', { iat });
    const send = (wish: Record<string, unknown>) =>
      world.post(`/api/admin/backups/${backupId}/restore`, { targetName: 'staging', ...wish }, { token });
    const replacing = { mode: 'replace', confirm: 'staging' };
    const reply = await send(replacing);
    expect([reply.status, reply.body.type]).toEqual([403, 'https://hazina.dev/problems/token-too-old']);
    expect(await restores().uses(backupId)).toBe(false);
    for (const wish of [{ ...replacing, dryRun: true }, { mode: 'scratch' }]) {
      const taken = await send(wish);
      expect(taken.status).toBe(202);
      await cancel(idOf(taken));
    }
  });

  it('is made once for each idempotency key', async () => {
    const path = `/api/admin/backups/${backupId}/restore` as const;
    const headers = { 'idempotency-key': 'restore-once' };
    const wish = { targetName: 'staging', mode: 'into-empty' };
    const first = await world.post(path, wish, { headers });
    const again = await world.post(path, wish, { headers });
    expect([again.status, again.body, again.headers.get('location')]).toEqual([
      ...[202, first.body, first.headers.get('location')],
    ]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const other = await world.post(path, { ...wish, dryRun: true }, { headers });
    expect(other.status).toBe(422);
    await cancel(idOf(first));
  });

  it('leaves nothing half-made when the queue is down', async () => {
    isQueueDown = true;
    try {
      const reply = await post({ targetName: 'production', mode: 'into-empty' });
      expect([reply.status, reply.body['type']]).toEqual([503, 'https://hazina.dev/problems/queue-unavailable']);
    } finally {
      isQueueDown = false;
    }
    expect(await restores().uses(backupId)).toBe(false);
    const again = await post({ targetName: 'production', mode: 'into-empty' });
    expect(again.status).toBe(202);
    await cancel(idOf(again));
  });
});

describe('restores', () => {
  it('are listed by page and filter', async () => {
    const wish = { targetName: 'staging', mode: 'scratch' };
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push(idOf(await post(wish)));
    const page = await world.get('/api/admin/restores?limit=2&status=pending', { token: world.token('viewer') });
    expect(page.status).toBe(200);
    expect(page.body.pagination).toEqual({ page: 1, limit: 2, total: 3, totalPages: 2 });
    const listed = page.body.data as { restoreId: string }[];
    expect(listed.every(({ restoreId }) => ids.includes(restoreId))).toBe(true);
    const count = async (query: string) =>
      ((await world.get(`/api/admin/restores?${query}`)).body.pagination as { total: number }).total;
    expect(await count(`status=pending&backupId=${backupId}&targetName=staging`)).toBe(3);
    expect(await count('status=completed')).toBe(0);
    expect(await count('to=2020-01-01')).toBe(0);
    for (const bad of ['status=over', 'page=0', 'limit=101', 'targetName=A', 'backupId=x', 'unknown=1', 'from=x'])
      expect([bad, (await world.get(`/api/admin/restores?${bad}`)).status]).toEqual([bad, 400]);
    expect((await world.get('/api/admin/restores?from=2026-02-01&to=2026-01-01')).status).toBe(400);
    for (const restoreId of ids) await cancel(restoreId);
  });

  it('of unknown ids are not there', async () => {
    for (const id of ['restore-20260101T000000Z-abcdef', 'x', '%24ne']) {
      const reply = await world.get(`/api/admin/restores/${id}`);
      expect([reply.status, reply.body.type]).toEqual([404, 'https://hazina.dev/problems/restore-not-found']);
      expect((await cancel(id)).status).toBe(404);
    }
    expect((await world.get('/api/admin/restores', { token: null })).status).toBe(401);
  });

  it('that run take the wish to cancel, and not while they rename or when they are over', async () => {
    const restoreId = idOf(await post({ targetName: 'production', mode: 'into-empty' }));
    const record = await restores().claim(restoreId, 'host/1', new Date());
    const ref = { id: restoreId, fence: record?.claim.fence ?? 0 };
    expect((await cancel(restoreId, 'viewer')).status).toBe(403);
    const reply = await cancel(restoreId);
    expect([reply.status, reply.body.status]).toEqual([202, 'in_progress']);
    expect((await world.get(`/api/admin/restores/${restoreId}`)).body).toMatchObject({ cancelRequested: true });
    await restores().beginRenaming(ref, true);
    const late = await cancel(restoreId);
    expect([late.status, late.body.type]).toEqual([409, 'https://hazina.dev/problems/restore-refused']);
    expect(late.text).toContain('only goes forward');
    await restores().fail(ref, {
      error: new AppError({ code: 'restore/unfinished', stage: 'rename', message: 'stopped', hint: 'again' }),
      at: new Date(),
    });
    expect((await cancel(restoreId)).text).toContain('The restore is failed');
    expect((await world.get(`/api/admin/restores/${restoreId}`)).body).toMatchObject({
      ...{ status: 'failed', errorMessage: 'stopped' },
      error: { code: 'restore/unfinished', stage: 'rename', retryable: false, hint: 'again' },
    });
  });
});

it('targets name the restore targets, with what workers found', async () => {
  const now = new Date();
  await world.core.catalog.workers.publish({
    ...{ workerId: 'w', version: '1', startedAt: now, beatSeconds: 20, host: 'h', nodeVersion: 'v24' },
    ...{ tools: {}, keyIds: [], storeId: null, storeLocation: 's', storeFreeBytes: null, storeOk: null },
    ...{ storeDetail: null, targets: [] },
    restoreTargets: [
      {
        ...{ target: 'staging', scratch: true, reachable: true, serverVersion: '8.0.4', topology: 'replica-set' },
        ...{ detail: null, checkedAt: now },
      },
    ],
  });
  const { body } = await world.get('/api/admin/targets', { token: world.token('viewer') });
  expect(body.restoreTargets).toMatchObject([
    { target: 'staging', scratch: true, health: { state: 'reachable', serverVersion: '8.0.4' } },
    { target: 'production', scratch: false, health: { state: 'unknown' } },
  ]);
});

it('the backup says where to restore it', async () => {
  const reply = await world.post('/api/admin/backups/trigger', {});
  expect(reply.body.links).toMatchObject({
    restore: `/api/admin/backups/${String(reply.body.backupId)}/restore`,
  });
});
