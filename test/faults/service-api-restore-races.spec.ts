import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { services, uniqueDatabase, waitUntil } from '../services/services.js';
import type { ApiClient } from '../support/api-client.js';
import { compareDatabases } from '../support/compare-databases.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import { seededRandom } from '../support/sample-data.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

// F39 for restores, with real processes: cancel, delete and retention against a restore that waits, begins or loads. Its backup is in use from the wish to the end:
// nobody removes it (I5). It ends whole, or cancelled with the target as it was (I2, I3), and whatever was refused meanwhile works afterwards.

const patience = 400_000;
const cancelMs = 5_000;
const races = 8;
const moments = ['at once', 'claimed', 'loading', 'in the middle of the load'] as const;
const kinds = ['cancel', 'delete', 'cleanup'] as const;
const uri = services().mongodbUri;
let world: ServiceWorld;
let api: ServiceProcess;
let worker: ServiceProcess;
let slow: TcpProxy | undefined;
let name = '';

beforeAll(async () => {
  world = await ServiceWorld.create('folder', {
    ...{ BACKUP_VERIFY: 'off', BACKUP_RETENTION_DAYS: '1', BACKUP_MIN_KEEP: '1', BACKUP_ORPHAN_GRACE_HOURS: '0' },
    RESTORE_TARGETS: 'staging',
  });
  await world.fill(2_000);
  slow = await startTcpProxy(uri, { bandwidth: 500_000 });
  api = await world.startApi();
  worker = await world.startWorker({ RESTORE_TARGET_STAGING_URI: slow.uri });
}, patience);
afterEach(async () => {
  if (name !== '') await world.client.db(name).dropDatabase();
});
afterAll(async () => {
  try {
    await slow?.close();
  } finally {
    await world.close();
  }
});

/** Each with a token, and so a limit, of its own. */
const admin = (): ApiClient => world.as('admin', api);

async function completed(): Promise<string> {
  const backupId = await admin().trigger();
  expect(await admin().settled(backupId)).toMatchObject({ status: 'completed' });
  return backupId;
}

/** One that retention wants, for there is a newer one. */
async function old(): Promise<string> {
  const backupId = await completed();
  const before = new Date(Date.now() - 10 * 86_400_000);
  const backups = world.client.db(world.catalog).collection('backups');
  await backups.updateOne({ backupId }, { $set: { completedAt: before } });
  return backupId;
}

const isOver = ({ status }: Record<string, unknown>): boolean => !['pending', 'in_progress'].includes(String(status));

async function show(path: `restores/${string}` | `cleanups/${string}`): Promise<Record<string, unknown>> {
  const { status, body } = await admin().get(`/api/admin/${path}`);
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** Until the restore is there, or over: on a quick machine it may be. */
async function reach(moment: (typeof moments)[number], restoreId: string): Promise<void> {
  if (moment === 'at once') return;
  const isThere = (record: Record<string, unknown>): boolean =>
    isOver(record) || (moment === 'claimed' ? record['status'] === 'in_progress' : record['phase'] === 'loading');
  await admin().restored(restoreId, isThere);
  if (moment !== 'in the middle of the load') return;
  const db = world.client.db(name);
  const isInTheMiddle = async (): Promise<boolean> => {
    for (const found of await db.listCollections({}, { nameOnly: true }).toArray())
      if (found.name.startsWith('_hazina_tmp_') && (await db.collection(found.name).findOne()) !== null) return true;
    return isOver(await show(`restores/${restoreId}`));
  };
  await waitUntil(isInTheMiddle, { what: 'the middle of the load', timeoutMs: 30_000, intervalMs: 100 });
}

async function cleanup(): Promise<void> {
  const { status, body } = await admin().post('/api/admin/backups/cleanup', {});
  expect(status).toBe(202);
  const done = async (): Promise<boolean> => isOver(await show(`cleanups/${String(body.cleanupId)}`));
  await waitUntil(done, { what: 'the cleanup', timeoutMs: 60_000, intervalMs: 300 });
}

it(
  `F39 ${races} seeded races of cancel, delete and retention against a restore that runs`,
  async () => {
    await completed();
    const random = seededRandom(3939);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const outcomes: string[] = [];
    for (let nth = 0; nth < races; nth += 1) {
      const moment = moments[nth % moments.length] ?? 'at once';
      const actions = [pick(kinds), pick(kinds)];
      const backupId = await old();
      name = uniqueDatabase('raced');
      const wish = { targetName: 'staging', mode: 'into-empty' as const, rename: [{ from: world.source, to: name }] };
      const restoreId = await admin().restore(backupId, wish);
      await reach(moment, restoreId);
      let cancelAskedAt = 0;
      const end = admin().restored(restoreId);
      const acts = actions.map(async (action) => {
        if (action === 'cleanup') return cleanup();
        if (action === 'cancel') cancelAskedAt ||= Date.now();
        const { status } =
          action === 'cancel'
            ? await admin().post(`/api/admin/restores/${restoreId}/cancel`)
            : await admin().delete(`/api/admin/backups/${backupId}?force=true`);
        expect({ action, isAnswer: [202, 204, 404, 409].includes(status), status }).toMatchObject({ isAnswer: true });
        // What is restored is in use: it goes only when the restore is over.
        if (action === 'delete' && status === 202) expect(isOver(await show(`restores/${restoreId}`))).toBe(true);
      });
      const [restored] = await Promise.all([end, ...acts]);
      const what = `${moment}, ${actions.join('+')}: ${String(restored.status)}`;
      outcomes.push(what);

      if (restored.status === 'completed') {
        const { differences, documents } = await compareDatabases({ uri, db: world.source }, { uri, db: name });
        expect({ what, differences, whole: documents >= 2_000 }).toEqual({ what, differences: [], whole: true });
      } else {
        expect({ what, status: restored.status, error: restored.error }).toMatchObject({
          status: 'cancelled',
          error: null,
        });
        expect(actions).toContain('cancel');
        expect(await world.client.db(name).listCollections().toArray()).toEqual([]);
        // By the clock of this machine, on which all processes are.
        const tookMs = Date.parse(String(restored.completedAt)) - cancelAskedAt;
        expect({ what, tookMs, inTime: tookMs < cancelMs }).toMatchObject({ inTime: true });
      }
      // Nobody uses it any more.
      await cleanup();
      const gone = async (): Promise<boolean> => (await admin().backup(backupId)).status === 'deleted';
      await waitUntil(gone, { what: `${backupId} to be removed by retention`, timeoutMs: 60_000, intervalMs: 300 });
      await world.client.db(name).dropDatabase();
    }
    // The seed meets what it is for.
    for (const ended of ['completed', 'cancelled'])
      expect({ outcomes, met: outcomes.some((text) => text.endsWith(ended)) }).toMatchObject({ met: true });
    await expectNothingLeft(world, [api, worker]);
  },
  patience,
);
