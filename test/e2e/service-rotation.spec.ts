import { afterAll, beforeAll, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BodyOf } from '#client';
import { waitUntil } from '../services/services.js';
import { ApiClient } from '../support/api-client.js';
import { hazina } from '../support/run-hazina.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';

// Keys are rotated by the service: asked for over HTTP, done by a worker that holds the new key and the retired one.

const newKey = `hex:${randomBytes(32).toString('hex')}`;
let world: ServiceWorld;
let api: ServiceProcess;
let admin: ApiClient;
const ids: string[] = [];

beforeAll(async () => {
  world = await ServiceWorld.create('folder', { BACKUP_VERIFY: 'off' });
  await world.fill(200);
  api = await world.startApi();
  admin = world.as('admin', api);
  const worker = await world.startWorker();
  for (let made = 0; made < 3; made += 1) {
    const backupId = await admin.trigger();
    expect(await admin.settled(backupId)).toMatchObject({ status: 'completed' });
    ids.push(backupId);
  }
  await worker.stop('SIGTERM');
  await world.startWorker({ BACKUP_ENCRYPTION_KEY: newKey, BACKUP_ENCRYPTION_KEYS_RETIRED: world.key });
}, 240_000);
afterAll(() => world.close());

async function rotate(wish: BodyOf<'post', '/api/admin/keys/rotate'>): Promise<Record<string, unknown>> {
  const accepted = await admin.post('/api/admin/keys/rotate', wish);
  expect(accepted.status).toBe(202);
  const path = `/api/admin/keys/rotations/${String(accepted.body.rotationId)}` as const;
  expect(accepted.headers.get('location')).toBe(path);
  const over = async () => {
    const { body } = await world.as('viewer', api).get(path);
    return body.completedAt === null ? undefined : body;
  };
  return waitUntil(over, { what: 'the rotation', timeoutMs: 60_000, intervalMs: 150 });
}

const keyIds = async (backupId: string) => (await admin.backup(backupId)).keyIds;

it('a dry run tells what would be done; the rotation does it, and the records know the new key', async () => {
  const [before] = await keyIds(ids[0] ?? '');
  const planned = await rotate({ dryRun: true });
  expect(planned).toMatchObject({ status: 'completed', result: { dryRun: true, rotated: 3, current: 0, failed: 0 } });
  expect(await keyIds(ids[0] ?? '')).toEqual([before]);

  const done = await rotate({ target: 'clinic' });
  const backups = [...ids].sort().reverse();
  expect(done).toMatchObject({
    ...{ status: 'completed', target: 'clinic', dryRun: false, error: null },
    result: {
      rotated: 3,
      failed: 0,
      backups: backups.map((backupId) => ({ backupId, outcome: 'rotated', error: null })),
    },
  });
  const [after] = (done['result'] as { keyIds: string[] }).keyIds;
  expect(after).not.toBe(before);
  for (const backupId of ids)
    expect(await admin.backup(backupId)).toMatchObject({
      keyIds: [after],
      events: expect.arrayContaining([expect.objectContaining({ type: 'keys-rotated' })]) as unknown,
    });
  const alone = { ...world.cliEnvironment, BACKUP_ENCRYPTION_KEY: newKey };
  expect(await hazina(['verify', '--all'], alone)).toMatchObject({ code: 0, stderr: '' });
  expect(await rotate({})).toMatchObject({ result: { rotated: 0, current: 3 } });
  const log = (await admin.get('/api/admin/audit?event=sensitive_key_rotation')).body.data as object[];
  expect(log).toHaveLength(3);
}, 120_000);

it('after a theft everything is sealed anew: the records follow, and a worker with other keys refuses', async () => {
  const keys = ['0123456789abcdef'];
  expect(await rotate({ rewrite: true, keyIds: keys })).toMatchObject({
    ...{ status: 'failed', rewrite: true, keyIds: keys, result: null },
    error: { code: 'keys/differ' },
  });
  const done = await rotate({ rewrite: true });
  expect(done).toMatchObject({
    status: 'completed',
    rewrite: true,
    result: { rewrite: true, rotated: 3, reports: [] },
  });
  expect(done['keyIds']).toEqual((done['result'] as { keyIds: string[] }).keyIds);
  for (const backupId of ids) {
    const record = await admin.backup(backupId);
    expect(record).toMatchObject({
      s3Key: `clinic/${backupId}/2/data.hzn`,
      verificationStatus: { verified: true, verificationHash: record.hash },
      events: expect.arrayContaining([expect.objectContaining({ type: 'rewritten' })]) as unknown,
    });
  }
  expect(await rotate({ rewrite: true })).toMatchObject({ result: { rotated: 0, current: 3 } });
  const alone = { ...world.cliEnvironment, BACKUP_ENCRYPTION_KEY: newKey };
  expect(await hazina(['verify', '--all'], alone)).toMatchObject({ code: 0, stderr: '' });
}, 180_000);

it('a backup that cannot be rotated is named, and the rotation has differences', async () => {
  rmSync(join(world.folder, 'store', 'clinic', ids[1] ?? '', '2', 'manifest.hzn'));
  expect(await rotate({})).toMatchObject({
    status: 'completed_with_differences',
    result: {
      failed: 1,
      backups: expect.arrayContaining([
        {
          backupId: ids[1],
          place: null,
          outcome: 'failed',
          error: expect.objectContaining({ code: 'backup/missing' }) as unknown,
        },
      ]) as unknown,
    },
  });
}, 60_000);

it('is for admins with a fresh token, and for targets that there are', async () => {
  const path = '/api/admin/keys/rotate';
  expect((await world.as('operator', api).post(path)).status).toBe(403);
  const iat = Math.floor(Date.now() / 1000) - 16 * 60;
  const claims = { role: 'admin', iat, exp: iat + 3600, sub: 'old', iss: 'hazina', aud: 'hazina', jti: randomUUID() };
  const late = new ApiClient(api.url, jwt.sign(claims, world.jwtSecret, { algorithm: 'HS256' }));
  const old = await late.post(path, {});
  expect([old.status, old.body.type]).toEqual([403, 'https://hazina.dev/problems/token-too-old']);
  expect((await admin.post(path, { target: 'nobody' })).status).toBe(422);
  expect((await admin.request('POST', path, { key: newKey })).status).toBe(400);
  const missing = await admin.get('/api/admin/keys/rotations/rotation-20261123T040000Z-aaaaaa');
  expect([missing.status, missing.body.type]).toEqual([404, 'https://hazina.dev/problems/rotation-not-found']);
}, 60_000);
