import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { WorkerProcess } from '../support/worker-process.js';
import { WorkerWorld, type Environment } from '../support/worker-world.js';

jest.setTimeout(90_000);
const shortLease = { BACKUP_LEASE_SECONDS: '4', BACKUP_BEAT_SECONDS: '1', BACKUP_REAPER_SECONDS: '1' };
/** About 8 MB at 0.5 MB/s, in parts of 5 MiB: an upload is open when the second one is under way. */
const slow = { BACKUP_THROTTLE_BYTES_PER_SECOND: '500000', BACKUP_COMPRESSION: 'none', S3_PART_SIZE: '5242880' };
const manyDocuments = 12_000;
const inTheUpload = 6_000_000;
const leaseAndTwoIntervalsMs = 4_000 + 2 * 1_000;

let world: WorkerWorld;
const processes: WorkerProcess[] = [];

beforeEach(async () => {
  world = await WorkerWorld.open();
});
afterEach(async () => {
  for (const child of processes.splice(0)) await child.end();
  await world.close();
});

function start(more: Environment = {}): WorkerProcess {
  const child = new WorkerProcess(world.environment(more), world.folder);
  processes.push(child);
  return child;
}

describe('a worker process', () => {
  it('that is killed in the middle of an upload leaves its work to another: one committed set, no orphan', async () => {
    await world.fill(manyDocuments);
    const first = start({ ...shortLease, ...slow });
    await first.line('working');
    const backupId = await world.trigger();
    await world.until(backupId, ({ status }) => status === 'in_progress', { what: 'the first claim' });
    const second = start(shortLease);
    await second.line('working');
    await world.until(backupId, ({ progress }) => (progress?.archiveBytes ?? 0) > inTheUpload, { what: 'the upload' });
    expect((await world.stored()).filter((key) => key.startsWith('upload of'))).toHaveLength(1);
    first.kill('SIGKILL');
    const killed = performance.now();
    await world.until(backupId, ({ claim }) => claim.fence > 1, { what: 'the second claim' });
    // Besides lease and intervals: what a look and a job take.
    expect(performance.now() - killed).toBeLessThan(leaseAndTwoIntervalsMs + 3_000);
    const record = await world.until(backupId, ({ status }) => status === 'completed', {
      what: 'the completed record',
    });
    expect(record).toMatchObject({ failures: 0, running: false, claim: { lost: 0 } });
    const { attempt } = record.commit ?? { attempt: 0 };
    expect(attempt).toBeGreaterThan(1);
    expect(await world.stored()).toEqual(
      [`${attempt}/data.hzn`, `${attempt}/manifest.hzn`, 'backup.json'].map((name) => `clinic/${backupId}/${name}`),
    );
    expect(await second.line('lease expired')).toMatchObject({ id: backupId, status: 'pending' });
  });

  it('lets a run finish that has the time to', async () => {
    await world.fill(300);
    const first = start({ BACKUP_THROTTLE_BYTES_PER_SECOND: '100000', BACKUP_SHUTDOWN_GRACE_SECONDS: '30' });
    await first.line('working');
    const backupId = await world.trigger();
    await world.until(backupId, ({ progress }) => progress?.stage === 'dump', { what: 'the dump' });
    first.kill('SIGINT');
    expect(await first.exit).toBe(0);
    expect((await world.record(backupId)).status).toBe('completed');
  });

  it('ends at once at a second signal that is another one', async () => {
    await world.fill(300);
    const first = start({ BACKUP_THROTTLE_BYTES_PER_SECOND: '1024', BACKUP_SHUTDOWN_GRACE_SECONDS: '60' });
    await first.line('working');
    const backupId = await world.trigger();
    await world.until(backupId, ({ progress }) => progress?.stage === 'dump', { what: 'the dump' });
    first.kill('SIGTERM');
    await first.line('ending');
    first.kill('SIGINT');
    expect(await first.exit).toBe(130);
  });

  it('tells every mistake of its configuration at once, and exits with 3', async () => {
    const child = start({ MONGODB_URI: '', BACKUP_ATTEMPTS: 'many', BACKUP_ENCRYPTION_KEY: '' });
    expect(await child.exit).toBe(3);
    for (const name of ['MONGODB_URI', 'BACKUP_ATTEMPTS', 'BACKUP_ENCRYPTION_KEY'])
      expect(child.stderr).toContain(name);
  });

  it('does not work on another store than the one of its catalogue: store/changed, exit code 3', async () => {
    await world.catalog.settings.bindStore('0'.repeat(32));
    const child = start();
    expect(await child.exit).toBe(3);
    expect(await child.line('cannot start')).toMatchObject({ code: 'store/changed' });
    expect(await world.stored()).toEqual([]);
  });

  it('ends in order while it waits for what is not there', async () => {
    const child = start({ REDIS_URL: 'redis://127.0.0.1:1' });
    expect(await child.line('waiting')).toMatchObject({ for: 'Redis', code: 'queue/unavailable' });
    const { port } = await child.line('listening');
    expect((await fetch(`http://127.0.0.1:${String(port)}/health/live`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${String(port)}/health/ready`)).status).toBe(503);
    expect((await fetch(`http://127.0.0.1:${String(port)}/health/startup`)).status).toBe(503);
    child.kill('SIGTERM');
    expect(await child.exit).toBe(0);
  });
});
