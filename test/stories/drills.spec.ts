import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { loadApiConfig } from '#config';
import { Secret, systemRandom, type DrillRecord } from '#contracts';
import { findDrills } from '#engine';
import { drillTick } from '../../apps/api/src/scheduling/drill-tick.js';
import { services, waitUntil } from '../services/services.js';
import { noAbort } from '../support/backup-world.js';
import { MovedClock } from '../support/moved-clock.js';
import { expectNothingLeftOf } from '../support/nothing-left.js';
import { ServiceProcess } from '../support/service-process.js';
import { settledTask } from '../support/settled-task.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { WorkerWorld } from '../support/worker-world.js';

// Fifty scheduled drills by real workers, some of which are killed in the middle: no database is left behind, and every slot has its end.

const patience = 1_800_000;
const slots = 50;
/** The drills of these slots are killed while their database stands there: right before they send this to the scratch server. */
const killed = new Map([
  [4, '_hazina_tmp_'],
  [17, 'renameCollection'],
  [30, 'dropDatabase'],
  [43, 'renameCollection'],
]);
const hourMs = 3_600_000;

let world: WorkerWorld;
let proxy: TcpProxy;
let environment: Record<string, string>;
const workers: ServiceProcess[] = [];

beforeAll(async () => {
  world = await WorkerWorld.open();
  proxy = await startTcpProxy(services().mongodbUri);
  environment = world.environment({
    ...{ RESTORE_TARGETS: 'staging', RESTORE_TARGET_STAGING_SCRATCH: 'true' },
    ...{ RESTORE_TARGET_STAGING_URI: proxy.uri, TMPDIR: world.folder },
    ...{ BACKUP_LEASE_SECONDS: '8', BACKUP_BEAT_SECONDS: '1', BACKUP_REAPER_SECONDS: '1' },
    ...{ BACKUP_DRILL_SCHEDULE: '0 * * * *', JWT_SECRET: 'x'.repeat(32) },
  });
  await world.fill(300);
  await start();
  for (let made = 0; made < 3; made += 1) {
    const backupId = await world.trigger();
    await world.until(backupId, ({ status }) => status === 'completed', { what: 'a backup', timeoutMs: 180_000 });
  }
}, patience);
afterAll(async () => {
  for (const worker of workers) await worker.stop('SIGKILL');
  await proxy.close();
  await world.close();
}, patience);

async function start(): Promise<void> {
  workers.push(await ServiceProcess.start('worker', environment, ['process-probe']));
}

const ofThisTest = async (ids: ReadonlySet<string>) => {
  const found = await findDrills(new Secret(services().mongodbUri), noAbort);
  return found.filter(({ runId }) => ids.has(runId));
};

const ended = (drillId: string) =>
  settledTask(drillId, () => world.catalog.drills.find(drillId), { timeoutMs: 240_000 });

it(
  'drills over fifty slots, four workers killed: every drill ends well, in turn the newest and an older backup, and nothing is left',
  async () => {
    const config = await loadApiConfig({
      ...{ environment, workingDirectory: world.folder },
      readFile: (path) => {
        throw new Error(`no file is read in this test: ${path}`);
      },
    });
    const [target] = config.targets;
    if (target === undefined) throw new Error('no target');
    const clock = new MovedClock('2027-01-01T00:30:00Z');
    const since = clock.now();
    const { catalog, queue } = world;
    const tick = () => drillTick({ catalog, queue, clock, random: systemRandom }, config, target, since);
    // A slot from before this installation is nobody's.
    expect(await tick()).toBeNull();
    const ids = new Set<string>();
    const records: DrillRecord[] = [];
    for (let slot = 0; slot < slots; slot += 1) {
      clock.pass(hourMs);
      const barrier = killed.get(slot);
      const held = barrier === undefined ? undefined : proxy.holdBack(barrier);
      const made = await tick();
      if (made === null) throw new Error(`slot ${slot} made no drill`);
      // Another replica, and the next look, find it made.
      expect(await tick()).toBeNull();
      ids.add(made.drillId);
      if (held !== undefined) {
        await waitUntil(() => Promise.resolve(held.count > 0), { what: 'the middle of a drill', timeoutMs: 180_000 });
        expect(await ofThisTest(new Set([made.drillId]))).toHaveLength(1);
        await workers.at(-1)?.stop('SIGKILL');
        held.letGo();
        await start();
      }
      records.push(await ended(made.drillId));
    }
    expect(records.map(({ status }) => status)).toEqual(records.map(() => 'completed'));
    expect(records.map(({ choice }) => choice).slice(0, 4)).toEqual(['newest', 'older', 'newest', 'older']);
    expect(records.filter(({ choice }) => choice === 'older')).toHaveLength(slots / 2);
    // Each of the kills met a drill that had not come to its end.
    for (const slot of killed.keys()) expect(records[slot]?.claim.fence).toBeGreaterThan(1);
    // Nor does a last look of a worker remain to be waited for: each drill drops what its own earlier runs left.
    expect(await ofThisTest(ids)).toEqual([]);
    const history = await catalog.drills.history('clinic', 100);
    expect(history).toHaveLength(slots);
    expect(history.every(({ report }) => (report?.restoreMs ?? 0) > 0)).toBe(true);
    await expectNothingLeftOf(world, workers.slice(-1));
  },
  patience,
);
