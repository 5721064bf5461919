import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient } from '../support/api-client.js';
import { errorOf } from '../support/cli-world.js';
import { hazina, spawnHazina } from '../support/run-hazina.js';
import { ServiceWorld, type Settings } from '../support/service-world.js';
import type { ToolDoubles } from '../support/tool-doubles.js';
import { toolsIn } from '../support/tools-in.js';
import { waitUntil } from '../services/services.js';

// The command line beside a service: with CATALOG_MONGODB_URI what it does is in the records, at once. Only the API runs; there is no worker.

describe('hazina with the catalogue of a service', () => {
  let world: ServiceWorld;
  let operator: ApiClient;
  let admin: ApiClient;
  let environment: Settings;

  beforeEach(async () => {
    world = await ServiceWorld.create('folder', { BACKUP_VERIFY: 'off' });
    await world.fill(200);
    const api = await world.startApi();
    operator = world.as('operator', api);
    admin = world.as('admin', api);
    environment = { ...world.cliEnvironment, CATALOG_MONGODB_URI: world.uri(world.catalog) };
  }, 90_000);
  afterEach(() => world.close());

  const failing = async (args: readonly string[], more: Settings = {}) =>
    errorOf((await hazina([...args, '--json'], { ...environment, ...more })).stderr);

  const backup = async (...args: string[]): Promise<string> => {
    const run = await hazina(['backup', '--json', ...args], environment);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    return (JSON.parse(run.stdout) as { backupId: string }).backupId;
  };

  /** A backup in the middle of its dump, from which it gets no further. */
  async function hanging(): Promise<{ child: ReturnType<typeof spawnHazina>; tool: ToolDoubles; backupId: string }> {
    const tool = toolsIn(world.folder, { behaviour: 'hangs', after: 200_000 });
    const child = spawnHazina(['backup', '--json'], {
      environment: { ...environment, BACKUP_ENGINE: 'mongodump', PATH: tool.searchPath },
      stdio: 'pipe',
    });
    const running = () => operator.get('/api/admin/backups?status=in_progress');
    const record = await waitUntil(
      async () => {
        const [first] = (await running()).body.data as { backupId: string; database: string | null }[];
        return first?.database === world.source && tool.wasStarted ? first : undefined;
      },
      { what: 'the running record', timeoutMs: 60_000, intervalMs: 400 },
    );
    return { child, tool, backupId: record.backupId };
  }

  it('a backup is a record like every other', async () => {
    const backupId = await backup('--label', 'by hand', '--pin');
    expect(await operator.backup(backupId)).toMatchObject({
      ...{ status: 'completed', trigger: 'cli', target: 'clinic', database: world.source, label: 'by hand' },
      ...{ pinned: true, hash: expect.stringMatching(/^[0-9a-f]{64}$/), attempt: 1, error: null },
      metadata: { totalDocuments: expect.any(Number) },
    });
    const list = await operator.get('/api/admin/backups?trigger=cli');
    expect(list.body.data).toMatchObject([{ backupId }]);
    const download = await operator.get(`/api/admin/backups/${backupId}/download`);
    expect(download.status).toBe(200);
    expect((await operator.get('/api/admin/backups/stats')).body).toMatchObject({ byStatus: { completed: 1 } });
  }, 90_000);

  it('kill -9 in the middle: the record fails (owner-gone), and the target is free again', async () => {
    const { child, tool, backupId } = await hanging();
    const busy = await operator.post('/api/admin/backups/trigger');
    expect({ status: busy.status, body: busy.body }).toMatchObject({ status: 409, body: { runningId: backupId } });
    child.kill('SIGKILL');
    await once(child, 'close');
    const done = await operator.settled(backupId, ['failed', 'pending', 'completed'], 100_000);
    expect(done).toMatchObject({ status: 'failed', error: { code: 'owner-gone' } });
    expect(String(done.errorMessage)).toContain('ended without a result');
    expect((await operator.post('/api/admin/backups/trigger')).status).toBe(202);
    tool.close();
  }, 180_000);

  it.each(['a wish to cancel through the API', 'Ctrl-C'])(
    '%s ends it, and the record says so',
    async (how) => {
      const { child, tool, backupId } = await hanging();
      const closed = once(child, 'close');
      if (how === 'Ctrl-C') child.kill('SIGINT');
      else expect((await operator.post(`/api/admin/backups/${backupId}/cancel`)).status).toBe(202);
      expect((await closed)[0]).toBe(130);
      expect(await operator.backup(backupId)).toMatchObject({ status: 'cancelled' });
      expect(existsSync(join(world.folder, 'store', 'clinic', backupId))).toBe(false);
      tool.close();
    },
    90_000,
  );

  it('one backup of a target at a time, whoever makes it; what fails is a failed record', async () => {
    const backupId = await operator.trigger();
    expect(await failing(['backup'])).toMatchObject({
      ...{ code: 'backup/already-running', exitCode: 16 },
      message: expect.stringContaining(backupId),
    });
    expect((await operator.post(`/api/admin/backups/${backupId}/cancel`)).status).toBe(202);
    const gone = { MONGODB_URI: 'mongodb://127.0.0.1:1/clinic?serverSelectionTimeoutMS=300' };
    expect(await failing(['backup', '--exclude', 'clinic.log'], gone)).toMatchObject({
      code: 'source/unreachable',
      exitCode: 15,
    });
    const failed = await operator.get('/api/admin/backups?status=failed');
    expect(failed.body.data).toMatchObject([{ trigger: 'cli', error: { code: 'source/unreachable' } }]);
    const part = expect.stringMatching(/^clinic, patterns [0-9a-f]{16}$/);
    expect(await world.records({ status: 'failed' })).toMatchObject([{ part }]);
  }, 90_000);

  it('another store than that of the records is refused, and a catalogue that is away too', async () => {
    await backup();
    const elsewhere = { BACKUP_DIRECTORY: join(world.folder, 'other') };
    expect(await failing(['backup'], elsewhere)).toMatchObject({ code: 'store/changed', exitCode: 14 });
    const away = { CATALOG_MONGODB_URI: 'mongodb://user:canary-secret@127.0.0.1:1/x' };
    const error = await failing(['backup'], away);
    expect(error).toMatchObject({ code: 'catalog/unavailable', exitCode: 15 });
    expect(JSON.stringify(error)).not.toContain('canary-secret');
    expect((await operator.get('/api/admin/backups')).body).toMatchObject({ pagination: { total: 1 } });
  }, 90_000);

  it('a rotation of keys is in the records, and another store than theirs is refused', async () => {
    const backupId = await backup();
    const [before] = (await operator.backup(backupId)).keyIds;
    const rotated = { BACKUP_ENCRYPTION_KEY: `hex:${'5'.repeat(64)}`, BACKUP_ENCRYPTION_KEYS_RETIRED: world.key };
    const elsewhere = { ...rotated, BACKUP_DIRECTORY: join(world.folder, 'other') };
    expect(await failing(['keys', 'rotate'], elsewhere)).toMatchObject({ code: 'store/changed', exitCode: 14 });
    const run = await hazina(['keys', 'rotate', '--json'], { ...environment, ...rotated });
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    const { keyIds } = JSON.parse(run.stdout) as { keyIds: string[] };
    expect(keyIds).not.toContain(before);
    expect(await operator.backup(backupId)).toMatchObject({
      keyIds,
      events: expect.arrayContaining([expect.objectContaining({ type: 'keys-rotated' })]),
    });
  }, 90_000);

  it('delete has the refusals of the API, and the record says what became of it', async () => {
    const first = await backup();
    expect(await failing(['delete', first])).toMatchObject({ code: 'backup/refused', exitCode: 16 });
    expect(await operator.backup(first)).toMatchObject({
      status: 'completed',
      events: expect.arrayContaining([expect.objectContaining({ type: 'delete-refused' })]),
    });
    const second = await backup('--pin');
    expect((await failing(['delete', second])).message).toContain('pinned');
    const run = await hazina(['delete', first, '--json'], environment);
    expect({ code: run.code, reply: JSON.parse(run.stdout) as unknown }).toEqual({
      code: 0,
      reply: { backupId: first, deleted: true },
    });
    expect(await operator.backup(first)).toMatchObject({ status: 'deleted' });
    expect(existsSync(join(world.folder, 'store', 'clinic', first))).toBe(false);
    expect(await failing(['delete', first])).toMatchObject({ code: 'backup/not-found', exitCode: 2 });
    expect((await admin.delete(`/api/admin/backups/${first}`)).status).toBe(404);
    const cancelled = await operator.trigger();
    expect((await failing(['delete', cancelled])).message).toContain('under way');
    await operator.post(`/api/admin/backups/${cancelled}/cancel`);
    expect((await hazina(['delete', cancelled], environment)).code).toBe(0);
    expect(await operator.backup(cancelled)).toMatchObject({ status: 'deleted' });
  }, 120_000);

  it('what commands do stands in the audit log, with who did it and what came of it', async () => {
    const backupId = await backup();
    const run = async (...args: string[]) => (await hazina(args, environment)).code;
    expect(await run('pin', backupId)).toBe(0);
    expect(await run('delete', backupId)).toBe(16);
    expect(await run('unpin', backupId)).toBe(0);
    expect(await run('cleanup', '--dry-run')).toBe(0);
    expect(await run('cleanup')).toBe(0);
    expect(await run('delete', backupId, '--force')).toBe(0);
    // Nobody did anything.
    expect(await run('delete', 'no-id')).toBe(2);
    const { data } = (await admin.get('/api/admin/audit?limit=50')).body as { data: Record<string, unknown>[] };
    const told = data.filter(({ actor }) => String(actor).startsWith('cli:')).reverse();
    expect(told.map(({ event, resource, outcome, detail }) => [event, resource, outcome, detail])).toEqual([
      ['backup_trigger', backupId, 'success', 'clinic'],
      ['backup_marks', backupId, 'success', 'pinned: true'],
      ['sensitive_delete', backupId, 'failure', 'no force: backup/refused'],
      ['backup_marks', backupId, 'success', 'pinned: false'],
      ['sensitive_cleanup', null, 'success', 'all targets'],
      ['sensitive_delete', backupId, 'success', 'force'],
    ]);
    expect(new Set(told.map(({ actor }) => actor)).size).toBe(1);
    expect(await run('audit', 'verify')).toBe(0);
  }, 90_000);

  it('list --catalog shows the records, newest first, of backups that failed or wait too, and asks no store', async () => {
    const catalogOnly = { CATALOG_MONGODB_URI: world.uri(world.catalog) };
    const nothing = await hazina(['list', '--catalog'], catalogOnly);
    expect(nothing).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('has no record') });
    const first = await backup('--label', 'by hand', '--pin');
    const gone = { MONGODB_URI: 'mongodb://127.0.0.1:1/clinic?serverSelectionTimeoutMS=300' };
    expect(await failing(['backup'], gone)).toMatchObject({ code: 'source/unreachable' });
    const waiting = await operator.trigger();
    const run = await hazina(['list', '--catalog', '--json', '--target', 'clinic'], catalogOnly);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    const { backups } = JSON.parse(run.stdout) as { backups: { backupId: string }[] };
    expect(backups).toMatchObject([
      { backupId: waiting, status: 'pending', trigger: 'manual', size: null, error: null },
      { status: 'failed', error: { code: 'source/unreachable' }, errorMessage: expect.any(String) },
      { backupId: first, status: 'completed', trigger: 'cli', label: 'by hand', pinned: true },
    ]);
    const api = (await operator.get('/api/admin/backups')).body.data as Record<string, unknown>[];
    expect(backups.map(({ backupId }) => backupId)).toEqual(api.map(({ backupId }) => backupId));
    // What it tells of a record, it tells as the API does.
    for (const [at, record] of backups.entries()) expect(api[at]).toMatchObject(record);
    const { stdout } = await hazina(['list', '--catalog'], catalogOnly);
    expect(stdout.split('\n').map((line) => line.trim().split(/\s+/).slice(0, 3))).toMatchObject([
      ['BACKUP', 'STATUS', 'BY'],
      [waiting, 'pending', 'manual'],
      [expect.any(String), 'failed', '(source/unreachable)'],
      [first, 'completed', 'cli'],
      [''],
    ]);
    expect((await hazina(['list', '--catalog', '--target', 'other'], catalogOnly)).stdout).toBe('');
    const without = errorOf((await hazina(['list', '--catalog', '--json'], {})).stderr);
    expect(without).toMatchObject({ exitCode: 3, message: expect.stringContaining('CATALOG_MONGODB_URI') });
    expect((await hazina(['list', '--catalog', '--from', 'primary'], environment)).code).toBe(2);
  }, 90_000);
});
