import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Document } from 'mongodb';
import { waitUntil } from '../services/services.js';
import type { ApiClient } from '../support/api-client.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import { hazina } from '../support/run-hazina.js';
import { seededRandom } from '../support/sample-data.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';

// F39 with real processes: cancel, delete and retention against backups and verifications that run. A cancel ends the run within 5 s, whoever was asked and whoever
// dies, and leaves nothing; a delete of what runs is 409; retention never takes what is in use, pinned or the last good one (I3, I4, I5).

const patience = 180_000;
const cancelMs = 5_000;
const slow = { BACKUP_THROTTLE_BYTES_PER_SECOND: '20000' };
const targets = ['clinic', 'ward', 'lab', 'desk'];
let world: ServiceWorld;
let api: ServiceProcess;
let running: ServiceProcess[];
/** What workers that were killed left to the sweeper. */
let leases: string[];

beforeEach(async () => {
  world = await ServiceWorld.create('bucket', {
    BACKUP_VERIFY: 'off',
    BACKUP_RETENTION_DAYS: '1',
    BACKUP_MIN_KEEP: '1',
    BACKUP_ORPHAN_GRACE_HOURS: '0',
  });
  const file = join(world.folder, 'targets.yaml');
  writeFileSync(file, JSON.stringify({ targets: targets.map((name) => ({ name, uriVariable: 'MONGODB_URI' })) }));
  world.settings = { ...world.settings, BACKUP_TARGETS_FILE: file, BACKUP_CONCURRENCY: String(targets.length) };
  await world.fill(2_000);
  api = await world.startApi();
  running = [api];
  leases = [];
}, patience);
afterEach(async () => {
  try {
    await expectNothingLeft(world, running);
    await expectStoreAsRecorded();
  } finally {
    await world.close();
  }
}, patience);

/** Each with a token, and so a limit, of its own: what is looked at is in the catalogue. */
const operator = (): ApiClient => world.as('operator', api);
const admin = (): ApiClient => world.as('admin', api);

async function record(backupId: string): Promise<Document> {
  const [found] = await world.records({ backupId });
  if (found === undefined) throw new Error(`there is no record ${backupId}`);
  return found;
}

function settled(backupId: string, states: readonly string[], timeoutMs = 60_000): Promise<Document> {
  const isSo = async (): Promise<Document | undefined> => {
    const found = await record(backupId);
    return states.includes(String(found['status'])) ? found : undefined;
  };
  return waitUntil(isSo, { what: `${backupId} to be ${states.join(' or ')}`, timeoutMs });
}

async function worker(settings: Record<string, string> = {}): Promise<ServiceProcess> {
  const started = await world.startWorker(settings);
  running.push(started);
  return started;
}

/** One committed set of objects of each completed backup, and nothing of any other (I4). */
async function expectStoreAsRecorded(): Promise<void> {
  const { keys, uploads } = await world.inStore();
  const completed = await world.records({ status: 'completed' });
  const wanted = completed.flatMap(({ s3Key }) => {
    const data = String(s3Key);
    return [data, data.replace(/data\.hzn$/, 'manifest.hzn'), data.replace(/\d+\/data\.hzn$/, 'backup.json')];
  });
  const isOther = (key: string): boolean =>
    key.endsWith('/hazina.json') ||
    key.endsWith('/_hazina/sightings.json') ||
    leases.some((lease) => key.endsWith(lease));
  expect({ uploads, keys: keys.filter((key) => !isOther(key)) }).toEqual({
    uploads: [],
    keys: wanted.sort(),
  });
}

const archiveBytes = ({ progress }: Document): number =>
  (progress as { archiveBytes?: number } | null)?.archiveBytes ?? 0;

function underWay(backupId: string, bytes = 1): Promise<unknown> {
  const isSo = async (): Promise<boolean> => {
    const found = await record(backupId);
    return found['status'] !== 'pending' && (found['status'] !== 'in_progress' || archiveBytes(found) >= bytes);
  };
  return waitUntil(isSo, { what: `${bytes} bytes of ${backupId}`, timeoutMs: 30_000, intervalMs: 30 });
}

/** From the wish to the end of the run. */
async function cancelInTime(backupId: string): Promise<void> {
  const started = performance.now();
  expect((await operator().post(`/api/admin/backups/${backupId}/cancel`)).status).toBe(202);
  await settled(backupId, ['cancelled'], 30_000);
  expect(performance.now() - started).toBeLessThan(cancelMs);
}

async function completed(target: string): Promise<string> {
  const backupId = await operator().trigger({ target });
  expect((await settled(backupId, ['completed', 'failed']))['status']).toBe('completed');
  return backupId;
}

async function cleanup(
  body: Record<string, unknown>,
): Promise<Record<string, { decision: string; reasons: string[] }>> {
  const { body: accepted } = await admin().post('/api/admin/backups/cleanup', body);
  const done = async (): Promise<Record<string, unknown> | undefined> => {
    const { body: task } = await admin().get(`/api/admin/cleanups/${String(accepted.cleanupId)}`);
    return task.status === 'completed' || task.status === 'failed' ? task : undefined;
  };
  const { result } = await waitUntil(done, { what: 'the cleanup', timeoutMs: 30_000 });
  const { decisions } = result as { decisions: { backupId: string; decision: string; reasons: string[] }[] };
  return Object.fromEntries(decisions.map(({ backupId, ...decision }) => [backupId, decision]));
}

/** Makes a backup so old that retention wants it. */
async function age(backupId: string, days = 10): Promise<void> {
  const before = new Date(Date.now() - days * 86_400_000);
  await world.client
    .db(world.catalog)
    .collection('backups')
    .updateOne({ backupId }, { $set: { completedAt: before } });
}

describe('F39 cancel', () => {
  it(
    'F39 a running backup, asked of another replica that ends at once: over within 5 s, nothing left, and the target is free',
    async () => {
      await worker(slow);
      const backupId = await operator().trigger({ target: 'clinic' });
      await underWay(backupId, 10_000);
      const other = await world.startApi();
      const started = performance.now();
      expect((await world.as('operator', other).post(`/api/admin/backups/${backupId}/cancel`)).status).toBe(202);
      await other.stop('SIGKILL');
      await settled(backupId, ['cancelled'], 30_000);
      expect(performance.now() - started).toBeLessThan(cancelMs);
      expect((await operator().post(`/api/admin/backups/${backupId}/cancel`)).status).toBe(409);
      const next = await operator().trigger({ target: 'clinic' });
      await cancelInTime(next);
    },
    patience,
  );

  it(
    'F39 a backup whose worker dies before it saw the wish: it is cancelled, and not made by the next worker',
    async () => {
      const first = await world.startWorker(slow);
      const backupId = await operator().trigger({ target: 'clinic' });
      await underWay(backupId, 10_000);
      await first.stop('SIGKILL');
      expect((await operator().post(`/api/admin/backups/${backupId}/cancel`)).status).toBe(202);
      expect((await record(backupId))['cancelRequestedAt']).toBeInstanceOf(Date);
      await worker();
      const done = await settled(backupId, ['cancelled', 'completed', 'failed'], 30_000);
      expect(done).toMatchObject({ status: 'cancelled', claim: { fence: 1 }, error: null });
      await completed('clinic');
      // Of the dead one's attempt at most its lease is there; the sweeper knows it, and removes it when it has stood still for long enough.
      await cleanup({});
      leases.push(`clinic/${backupId}/1/lease.json`);
    },
    patience,
  );

  it(
    'F39 one that waits for a worker: cancelled at once, and never begun',
    async () => {
      const backupId = await operator().trigger({ target: 'clinic' });
      await cancelInTime(backupId);
      const started = await worker();
      await completed('clinic');
      expect((await record(backupId))['startedAt']).toBeNull();
      expect(started.lines.filter((line) => line['backupId'] === backupId && line['msg'] === 'backup claimed')).toEqual(
        [],
      );
    },
    patience,
  );

  it(
    'F39 ten replicas of the wish at once: one end, and every answer says what is',
    async () => {
      await worker(slow);
      const backupId = await operator().trigger({ target: 'clinic' });
      await underWay(backupId, 10_000);
      const asked = await Promise.all(
        Array.from({ length: 10 }, () => operator().post(`/api/admin/backups/${backupId}/cancel`)),
      );
      expect(asked.every(({ status }) => status === 202 || status === 409)).toBe(true);
      await settled(backupId, ['cancelled'], 10_000);
      const events = ((await record(backupId))['events'] as { type: string }[]).map(({ type }) => type);
      expect(events.filter((type) => type === 'cancel-requested')).toHaveLength(1);
      expect(events.filter((type) => type === 'cancelled')).toHaveLength(1);
    },
    patience,
  );
});

describe('F39 delete and retention', () => {
  it(
    'F39 of a backup that runs or waits is 409, and it completes',
    async () => {
      const waiting = await operator().trigger({ target: 'clinic' });
      expect((await admin().delete(`/api/admin/backups/${waiting}?force=true`)).status).toBe(409);
      await worker({ BACKUP_THROTTLE_BYTES_PER_SECOND: '400000' });
      await underWay(waiting, 50_000);
      const refused = await admin().delete(`/api/admin/backups/${waiting}?force=true`);
      expect({ status: refused.status, body: refused.body }).toMatchObject({
        ...{ status: 409, body: { type: 'https://hazina.dev/problems/backup-refused' } },
      });
      expect(await cleanup({ confirm: 10 })).toEqual({});
      expect((await settled(waiting, ['completed', 'failed']))['status']).toBe('completed');
    },
    patience,
  );

  it(
    'F39 of one that is being verified: delete is 409, retention passes over it, and both work afterwards',
    async () => {
      const quick = await worker();
      const old = await completed('clinic');
      const newer = await completed('clinic');
      await age(old);
      await quick.stop();
      running = running.filter((service) => service !== quick);
      // Asked for while no worker is there: it is in use from then on.
      expect((await operator().post(`/api/admin/backups/${old}/verify`, { level: 'readable' })).status).toBe(202);
      expect((await admin().delete(`/api/admin/backups/${old}`)).status).toBe(409);
      // Of both that wait, any may be done first.
      const kept = cleanup({ confirm: 10 });
      await worker();
      const decided = (await kept)[old];
      const { verifications, status } = (await record(old)) as Record<string, unknown>;
      if (decided?.decision !== 'remove') expect(decided?.reasons.join()).toMatch(/verification/);
      else
        expect({ decided, verifications, status }).toMatchObject({
          status: 'deleted',
          verifications: [{ status: 'completed' }],
        });
      const isVerified = (backupId: string) => async () =>
        ((await record(backupId))['verifications'] as unknown[]).length > 0;
      await waitUntil(isVerified(old), { what: 'the verification', timeoutMs: 30_000 });
      // Else the old one is the last that was verified, which is kept.
      expect((await operator().post(`/api/admin/backups/${newer}/verify`, { level: 'readable' })).status).toBe(202);
      await waitUntil(isVerified(newer), { what: 'the verification of the newer one', timeoutMs: 30_000 });
      if (status === 'completed') expect((await cleanup({}))[old]).toMatchObject({ decision: 'remove' });
      await settled(old, ['deleted'], 30_000);
    },
    patience,
  );
});

it(
  'F39 thirty-two seeded races of cancel, delete, verify and cleanup against running backups of four targets',
  async () => {
    await worker({ BACKUP_THROTTLE_BYTES_PER_SECOND: '600000' });
    const random = seededRandom(39);
    const cases = Array.from({ length: 32 }, () => ({
      bytes: Math.floor(random() * 1_000_000),
      actions: Array.from(
        { length: 2 },
        () => (['cancel', 'delete', 'verify', 'cleanup'] as const)[Math.floor(random() * 4)] ?? 'cancel',
      ),
      waits: random() < 0.3,
    }));
    const outcomes: string[] = [];
    const race = async (target: string, { bytes, actions, waits }: (typeof cases)[number]): Promise<void> => {
      const backupId = await operator().trigger({ target });
      if (!waits) await underWay(backupId, bytes);
      const replies = await Promise.all(
        actions.map((action) =>
          action === 'cleanup'
            ? admin().post('/api/admin/backups/cleanup', { target, confirm: 100 })
            : action === 'delete'
              ? admin().delete(`/api/admin/backups/${backupId}?force=true`)
              : operator().post(`/api/admin/backups/${backupId}/${action}`),
        ),
      );
      for (const { status } of replies) expect([202, 204, 404, 409]).toContain(status);
      const asked = performance.now();
      const done = await settled(backupId, ['completed', 'cancelled', 'deleted', 'failed'], 60_000);
      const isCancelled = replies.some(({ status }, at) => actions[at] === 'cancel' && status === 202);
      // Also where a commit that was begun when the wish came is finished: then it is a whole backup.
      if (isCancelled) expect(performance.now() - asked).toBeLessThan(cancelMs);
      expect(done['status']).not.toBe('failed');
      outcomes.push(`${actions.join('+')}: ${String(done['status'])}`);
    };
    const queue = cases.values();
    await Promise.all(
      targets.map(async (target) => {
        for (const each of queue) await race(target, each);
      }),
    );
    expect(outcomes).toHaveLength(cases.length);
    for (const kind of ['cancelled', 'completed']) expect(outcomes.some((text) => text.endsWith(kind))).toBe(true);
    // What is completed is whole, by the command and the store alone.
    const deleting = async (): Promise<boolean> => (await world.records({ status: 'deleting' })).length === 0;
    await waitUntil(deleting, { what: 'the end of the deletions', timeoutMs: 30_000 });
    const verified = await hazina(['verify', '--all'], world.cliEnvironment);
    expect({ code: verified.code, stderr: verified.stderr }).toMatchObject({ code: 0 });
  },
  patience,
);
