import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '../services/services.js';
import { repeatedArchive } from '../support/generated-archive.js';
import { leaseAndTwoIntervalsMs, ServiceFaults } from '../support/service-faults.js';
import { toolsIn } from '../support/tools-in.js';

// A worker that dies, or that stands still and wakes, in the middle of an upload: another one finishes the backup, and one committed set of objects is there.

const patience = 240_000;
let faults: ServiceFaults;

beforeAll(async () => {
  faults = await ServiceFaults.open();
}, patience);
afterEach(() => faults.expectNothingLeft(), patience);
afterAll(() => faults.close());

describe('F07 worker killed in mid-upload', () => {
  /** From the kill to the claim of another: besides lease and intervals, what a look and a job take. */
  const expectSoon = (sinceMs: number): void => {
    expect(performance.now() - sinceMs).toBeLessThan(leaseAndTwoIntervalsMs + 3_000);
  };

  it(
    'F07 native engine: another one takes over in time, and its backup restores to equal data',
    async () => {
      const gate = faults.holdUpload();
      const first = await faults.worker(faults.behindProxy);
      const backupId = await faults.operator.trigger();
      await faults.inUpload(backupId, gate);
      const second = await faults.worker();
      const expired = await faults.leasesExpired(second);
      await first.stop('SIGKILL');
      const killed = performance.now();
      await second.waitForLine(({ msg }) => msg === 'backup claimed', 'to claim the backup');
      expectSoon(killed);
      expect(await faults.completed(backupId)).toMatchObject({ attempt: 2 });
      expect(await faults.story(backupId)).toEqual([
        'created',
        'claimed',
        'retry',
        'claimed',
        'committed',
        'completed',
      ]);
      expect(await faults.leasesExpired(second)).toBe(expired + 1);
      await faults.expectEqual(backupId);
    },
    patience,
  );

  it(
    'F07 mongodump engine: its dump ends with it, though it hangs, and another one makes the backup',
    async () => {
      const repeated = repeatedArchive(12 * 2 ** 20);
      const given = 8 * 2 ** 20;
      const hanging = toolsIn(faults.world.folder, { behaviour: 'hangs', after: given, repeated, spawns: true });
      const good = toolsIn(faults.world.folder, { repeated });
      const first = await faults.worker({ BACKUP_ENGINE: 'mongodump', PATH: hanging.searchPath });
      const backupId = await faults.operator.trigger();
      await faults.inUpload(backupId);
      // All that it gives was taken: no broken pipe will end it.
      const taken = async () => (await faults.operator.backup(backupId)).progress;
      await waitUntil(async () => ((await taken())?.archiveBytes ?? 0) >= given, { what: 'a dump that hangs' });
      expect(hanging.leftovers()).toHaveLength(2);
      await first.stop('SIGKILL');
      // The promise is 60 s.
      await waitUntil(() => hanging.leftovers().length === 0, { what: 'the end of the dump and its child' });
      await faults.worker({ BACKUP_ENGINE: 'mongodump', PATH: good.searchPath });
      expect(await faults.completed(backupId)).toMatchObject({ attempt: 2, engine: { name: 'mongodump' } });
      await faults.expectGood(backupId);
    },
    patience,
  );
});

describe('F08 worker frozen, then wakes', () => {
  it(
    'F08 frozen in mid-upload until another has completed the backup: it writes nothing more, and its objects are gone',
    async () => {
      const gate = faults.holdUpload();
      const frozen = await faults.worker(faults.behindProxy);
      const backupId = await faults.operator.trigger();
      await faults.inUpload(backupId, gate);
      frozen.child.kill('SIGSTOP');
      const stopped = performance.now();
      await faults.worker();
      const done = await faults.completed(backupId);
      expect(performance.now() - stopped).toBeGreaterThan(leaseAndTwoIntervalsMs - 3_000);
      expect(done).toMatchObject({ attempt: 2 });
      frozen.child.kill('SIGCONT');
      gate.open();
      const line = await frozen.waitForLine(({ msg }) => msg === 'backup left to another', 'to leave its run');
      expect(line).toMatchObject({ code: 'run/fenced', backupId });
      const { keys, uploads } = await faults.world.inStore();
      expect({ uploads, first: keys.filter((key) => key.includes(`${backupId}/1/`)) }).toEqual({
        uploads: [],
        first: [],
      });
      expect(await faults.operator.backup(backupId)).toEqual(done);
      await faults.expectEqual(backupId);
    },
    patience,
  );
});
