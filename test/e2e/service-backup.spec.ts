import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { askEveryMs, type ApiClient } from '../support/api-client.js';
import { compareDatabases } from '../support/compare-databases.js';
import { hazina } from '../support/run-hazina.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { services, uniqueDatabase, waitUntil } from '../services/services.js';

// The main story, in both kinds of store: API and worker as users start them, over HTTP, on real MongoDB, Redis and S3.

interface Verification {
  readonly verificationId: string;
  readonly level: string;
  readonly status: string;
}

describe.each(['bucket', 'folder'] as const)('a backup by the service into a %s', (store) => {
  let world: ServiceWorld;
  let api: ServiceProcess;
  let worker: ServiceProcess;
  let admin: ApiClient;
  let made: Awaited<ReturnType<ServiceWorld['fill']>>;
  let backupId: string;

  beforeAll(async () => {
    world = await ServiceWorld.create(store);
    made = await world.fill(3000);
    [api, worker] = await Promise.all([world.startApi(), world.startWorker()]);
    admin = world.as('admin', api);
  }, 120_000);

  afterAll(async () => {
    await world.close();
  });

  it('is triggered, made, and recorded with every field of the requirements', async () => {
    const accepted = await admin.post(
      '/api/admin/backups/trigger',
      { label: 'first' },
      { 'x-correlation-id': 'story-0001' },
    );
    expect(accepted.status).toBe(202);
    backupId = String(accepted.body.backupId);
    expect(accepted.headers.get('location')).toContain(backupId);
    expect(accepted.headers.get('x-correlation-id')).toBe('story-0001');

    const done = await admin.settled(backupId);
    expect(done).toMatchObject({
      backupId,
      status: 'completed',
      database: world.source,
      target: 'clinic',
      trigger: 'manual',
      label: 'first',
      pinned: false,
      errorMessage: null,
      correlationId: 'story-0001',
      attempt: 1,
      metadata: { totalDocuments: made.documents },
      compression: 'zstd',
    });
    expect(String(done.s3Key)).toMatch(new RegExp(`clinic/${backupId}/1/data\\.hzn$`));
    expect(String(done.hash)).toMatch(/^[0-9a-f]{64}$/);
    expect(Number(done.size)).toBeGreaterThan(10_000);
    expect(Date.parse(String(done.retentionDate)) - Date.parse(String(done.completedAt))).toBe(30 * 86_400_000);
    const { cpuSeconds, peakRssBytes, archiveBytesPerSecond } = done.resources as Record<string, number>;
    expect([cpuSeconds, peakRssBytes, archiveBytesPerSecond].every((value) => Number(value) > 0)).toBe(true);
    for (const internal of ['claim', 'commit', 'jobNumber', 'running', '_id'])
      expect(done).not.toHaveProperty(internal);
  });

  it('carries the correlation id of the request into the lines of the worker', () => {
    const lines = worker.lines.filter(
      (line) => line['correlationId'] === 'story-0001' && line['backupId'] === backupId,
    );
    expect(lines.length).toBeGreaterThan(1);
  });

  it('is verified by the service itself, and again on request', async () => {
    const verified = async (): Promise<boolean> =>
      ((await admin.backup(backupId)).verificationStatus as { verified: boolean }).verified;
    await admin.settledWhen(verified, 'the first verification');
    const asked = await admin.post(`/api/admin/backups/${backupId}/verify`, { level: 'stored' });
    expect(asked.status).toBe(202);
    const mine = async (): Promise<Verification | undefined> =>
      ((await admin.backup(backupId)).verifications as Verification[]).find(
        ({ verificationId, status }) => verificationId === asked.body.verificationId && status === 'completed',
      );
    expect(
      await waitUntil(mine, { what: 'the second verification', timeoutMs: 30_000, intervalMs: askEveryMs }),
    ).toMatchObject({
      level: 'stored',
    });
  });

  it('is downloaded with curl -OJ, opened by the CLI, and restores to equal data', async () => {
    const reply = await admin.get(`/api/admin/backups/${backupId}/download`);
    expect(reply.status).toBe(200);
    const { url, fileName, size, sha256 } = reply.body as {
      url: string;
      fileName: string;
      size: number;
      sha256: string;
    };
    const folder = join(world.folder, 'downloads');
    mkdirSync(folder);
    await promisify(execFile)('curl', ['-sS', '--fail', '-OJ', url], { cwd: folder });
    expect(readdirSync(folder)).toEqual([fileName]);
    const file = join(folder, fileName);
    const bytes = readFileSync(file);
    expect(bytes.length).toBe(size);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);

    const target = uniqueDatabase('restored');
    const restored = await hazina(
      ['restore', file, '--to-env', 'TARGET_URI', '--rename', `${world.source}=${target}`],
      world.cliEnvironment,
    );
    expect({ code: restored.code, stderr: restored.stderr }).toMatchObject({ code: 0 });
    const uri = services().mongodbUri;
    const comparison = await compareDatabases({ uri, db: world.source }, { uri, db: target });
    await world.client.db(target).dropDatabase();
    expect(comparison).toMatchObject({ differences: [], documents: made.documents });
  });

  it('refuses the download to a viewer, and a part of the file is enough where ranges are asked for', async () => {
    const viewer = await world.as('viewer', api).get(`/api/admin/backups/${backupId}/download`);
    expect(viewer.status).toBe(403);
    const { body } = await admin.get(`/api/admin/backups/${backupId}/download`);
    const part = await fetch(String(body.url), { headers: { range: 'bytes=0-3' } });
    expect(part.status).toBe(206);
    expect(await part.text()).toBe(await firstBytes(admin, backupId));
  });

  it('shows in list and statistics', async () => {
    const list = await admin.get(
      '/api/admin/backups?status=completed&target=clinic&trigger=manual&sortBy=size&sortOrder=asc',
    );
    expect(list.body).toMatchObject({ pagination: { page: 1, limit: 20, total: 1, totalPages: 1 } });
    expect(list.body.data).toMatchObject([{ backupId }]);
    const stats = await admin.get('/api/admin/backups/stats');
    expect(stats.body).toMatchObject({ total: 1, byStatus: { completed: 1 }, successRate: 1, failureRate: 0 });
    expect(stats.body.perDay).toHaveLength(30);
    expect(Number(stats.body.storageBytes)).toBeGreaterThan(10_000);
  });

  it('is refused to go as the last good one, and goes when a newer one is there', async () => {
    const refused = await admin.delete(`/api/admin/backups/${backupId}`);
    if (refused.status === 202) {
      const back = await admin.settled(backupId, ['completed']);
      expect(back.status).toBe('completed');
    } else expect(refused.status).toBe(409);

    const newer = await admin.trigger();
    await admin.settled(newer, ['completed']);
    const operator = await world.as('operator', api).delete(`/api/admin/backups/${backupId}`);
    expect(operator.status).toBe(403);
    const verified = async (): Promise<boolean> =>
      ((await admin.backup(newer)).verificationStatus as { verified: boolean }).verified;
    await admin.settledWhen(verified, 'the newer one to be verified');
    const accepted = await admin.delete(`/api/admin/backups/${backupId}`);
    expect(accepted.status).toBe(202);
    expect((await admin.settled(backupId, ['deleted'])).deletedAt).toBeTruthy();
    const again = await admin.delete(`/api/admin/backups/${backupId}`);
    expect(again.status).toBe(404);
    const list = await admin.get('/api/admin/backups');
    expect((list.body.data as { backupId: string }[]).map((backup) => backup.backupId)).toEqual([newer]);
    if (store === 'bucket') {
      const { keys, uploads } = await world.inStore();
      expect(keys.filter((key) => key.includes(backupId))).toEqual([]);
      expect(uploads).toEqual([]);
    }
  });

  it('is kept by a cleanup, which says why', async () => {
    const accepted = await admin.post('/api/admin/backups/cleanup', { dryRun: true });
    expect(accepted.status).toBe(202);
    const done = async (): Promise<Record<string, unknown> | undefined> => {
      const { body } = await admin.get(`/api/admin/cleanups/${String(accepted.body.cleanupId)}`);
      return body.status === 'completed' ? body : undefined;
    };
    const { result } = await waitUntil(done, { what: 'the cleanup', timeoutMs: 30_000, intervalMs: askEveryMs });
    const { decisions } = result as { decisions: { decision: string; reasons: string[] }[] };
    expect(decisions).toHaveLength(1);
    expect(decisions[0]?.decision).toBe('keep');
    expect(decisions[0]?.reasons.length).toBeGreaterThan(0);
  });

  it('leaves no secret in the logs of both', () => {
    const text =
      [...api.lines, ...worker.lines].map((line) => JSON.stringify(line)).join('\n') +
      api.text.join('') +
      worker.text.join('');
    // The head of a token is the same for all of them; its body and signature are what must not be there.
    for (const secret of [
      world.key.slice(4),
      world.jwtSecret,
      services().s3.secretAccessKey,
      admin.token?.split('.')[2] ?? 'no token',
    ])
      expect(text.includes(secret) ? secret : '').toBe('');
  });

  it('ends in order', async () => {
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
    expect(await api.stop()).toEqual({ code: 0, signal: null });
  });
});

/** The magic of a sealed container, as the whole file has it. */
async function firstBytes(admin: ApiClient, backupId: string): Promise<string> {
  const { body } = await admin.get(`/api/admin/backups/${backupId}/download`);
  return Buffer.from(await (await fetch(String(body.url))).arrayBuffer())
    .subarray(0, 4)
    .toString();
}
