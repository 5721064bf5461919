import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceFaults } from '../support/service-faults.js';
import { clinicFixture, toolsIn, type ToolBehaviour } from '../support/tools-in.js';

// Rows 1 to 5 as the service meets them: the record says what the dump died of and what to do, the store has nothing of it, and the same worker makes the next
// backup as soon as the tool is well (I1, I4, I11). What each fault is in the pipeline and at the command line: dump-child.spec.ts.

const patience = 120_000;
let faults: ServiceFaults;

beforeAll(async () => {
  faults = await ServiceFaults.open({ BACKUP_ENGINE: 'mongodump', BACKUP_ATTEMPTS: '1', BACKUP_STALL_SECONDS: '2' });
}, patience);
afterEach(() => faults.expectNothingLeft(), patience);
afterAll(() => faults.close());

describe('a dump that fails under a worker', () => {
  const cases: [string, ToolBehaviour, string, RegExp][] = [
    ['F01 killed in mid-stream', { behaviour: 'killed' }, 'engine/killed', /SIGKILL/],
    ['F02 exit code 1 after every byte', { behaviour: 'fails-after-all' }, 'engine/failed', /exit code 1/],
    ['F02 exit code 0 without its end', { behaviour: 'cut' }, 'engine/failed', /not whole/],
    ['F04 not a single byte', { behaviour: 'empty' }, 'engine/no-output', /without a single byte/],
    ['F05 no byte any more, and deaf to SIGTERM', { behaviour: 'ignores-term' }, 'engine/stalled', /no byte for 2 s/],
  ];
  it.each(cases)(
    '%s: the record names it and its repetition is allowed, metric and alert tell, and the next one is a backup',
    async (_name, behaviour, code, message) => {
      const tool = toolsIn(faults.world.folder, behaviour);
      const worker = await faults.worker({ PATH: tool.searchPath });
      const failed = await faults.ended(await faults.operator.trigger());
      expect(failed).toMatchObject({
        status: 'failed',
        errorMessage: expect.stringMatching(message),
        error: { code, stage: 'dump', hint: expect.any(String) as unknown },
      });
      const [record] = await faults.world.records({ backupId: failed['backupId'] });
      expect(record).toMatchObject({ s3Key: null, error: { code, retryable: behaviour.behaviour !== 'empty' } });
      expect((await faults.world.inStore()).keys.filter((key) => key.includes(String(failed['backupId'])))).toEqual([]);
      expect(await faults.metric(worker, 'hazina_backups_total', 'result="failed"')).toBe(1);
      expect(await faults.alerts()).toEqual(['backup-failed/clinic']);
      expect(tool.leftovers()).toEqual([]);
      expect(JSON.stringify([failed, ...worker.lines])).not.toContain('canary-password');

      tool.behave('good', { archive: clinicFixture });
      const good = await faults.operator.trigger();
      await faults.completed(good);
      await faults.expectGood(good);
      tool.close();
    },
    patience,
  );

  it(
    'F03 the tool is no program: the record says so within 5 s',
    async () => {
      const tool = toolsIn(faults.world.folder);
      const worker = await faults.worker({ PATH: '/nonexistent' });
      const began = performance.now();
      const failed = await faults.ended(await faults.operator.trigger());
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(failed).toMatchObject({
        status: 'failed',
        error: { code: 'engine/not-found', hint: expect.any(String) as unknown },
      });
      expect(await faults.metric(worker, 'hazina_backups_total', 'result="failed"')).toBe(1);
      expect(tool.wasStarted).toBe(false);
      tool.close();
    },
    patience,
  );
});
