import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Secret, systemClock } from '#contracts';
import { createJobQueue } from '#queue';
import { waitUntil } from '../services/services.js';
import { projectRoot } from '../support/run-hazina.js';
import { leaseAndTwoIntervalsMs, ServiceFaults } from '../support/service-faults.js';
import type { ServiceProcess } from '../support/service-process.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

// Who works on a record is decided by its conditional update alone: not by the queue, and not by what a worker believes.

const patience = 240_000;
let faults: ServiceFaults;

beforeAll(async () => {
  faults = await ServiceFaults.open();
}, patience);
afterEach(() => faults.expectNothingLeft(), patience);
afterAll(() => faults.close());

describe('F11 event loop blocked', () => {
  it(
    'F11 for longer than the lease: liveness gives no answer meanwhile, another completes the backup, and the blocked run ends without a write',
    async () => {
      const hook = pathToFileURL(join(projectRoot, 'test/support/busy-on-signal.mjs'));
      hook.searchParams.set('ms', String(leaseAndTwoIntervalsMs + 4_000));
      const gate = faults.holdUpload();
      const blocked = await faults.worker({ ...faults.behindProxy, NODE_OPTIONS: `--import=${hook.href}` });
      const backupId = await faults.operator.trigger();
      await faults.inUpload(backupId, gate);
      const live = (timeoutMs: number) =>
        fetch(`${blocked.url}/health/live`, { signal: AbortSignal.timeout(timeoutMs) });
      expect((await live(2_000)).status).toBe(200);
      blocked.child.kill('SIGUSR2');
      await blocked.waitForLine(({ msg }) => msg === 'busy', 'to be busy');
      gate.open();
      // As long as a probe may take (deploy/health.mjs, Kubernetes).
      await expect(live(1_000)).rejects.toMatchObject({ name: 'TimeoutError' });
      await faults.worker();
      const left = await blocked.waitForLine(({ msg }) => msg === 'backup left to another', 'to leave its run');
      expect(left).toMatchObject({ code: 'run/fenced', backupId });
      expect((await live(2_000)).status).toBe(200);
      expect(await faults.completed(backupId)).toMatchObject({ attempt: 2 });
      expect(await faults.story(backupId)).toEqual([
        'created',
        'claimed',
        'retry',
        'claimed',
        'committed',
        'completed',
      ]);
      await faults.expectGood(backupId);
    },
    patience,
  );
});

describe('F12 two workers claim one record', () => {
  it(
    'F12 under two job ids, their claims let go at the same moment: one wins, the other ends quietly',
    async () => {
      const { world, operator } = faults;
      const proxies = await Promise.all([1, 2].map(() => startTcpProxy(world.uri(world.catalog))));
      const queue = createJobQueue({
        ...{ redisUrl: new Secret(world.settings['REDIS_URL'] ?? ''), prefix: world.settings['REDIS_PREFIX'] ?? '' },
        ...{ clock: systemClock, connectionName: 'hazina-test' },
      });
      try {
        const workers = await Promise.all(proxies.map(({ uri }) => faults.worker({ CATALOG_MONGODB_URI: uri })));
        const { completed: before } = (await queue.counts()).backup;
        // What only a claim says.
        const barriers = proxies.map((proxy) => proxy.holdBack('Claimed by '));
        const backupId = await operator.trigger();
        await queue.add({ name: 'backup', payload: { backupId }, jobId: `${backupId}-again` });
        await waitUntil(() => barriers.every(({ count }) => count === 1), { what: 'two claims on their way' });
        for (const barrier of barriers) barrier.letGo();
        expect(await faults.completed(backupId)).toMatchObject({ attempt: 1 });
        expect(await faults.story(backupId)).toEqual(['created', 'claimed', 'committed', 'completed']);
        const said = (msg: string) => workers.flatMap(({ lines }) => lines.filter((line) => line['msg'] === msg));
        expect(said('backup claimed')).toHaveLength(1);
        await waitUntil(() => said('nothing to do').length === 1, { what: 'the quiet end of the other' });
        expect(workers.flatMap(troubles)).toEqual([]);
        const ended = async () => (await queue.counts()).backup.completed - before;
        await waitUntil(async () => (await ended()) === 2, { what: 'the end of both jobs' });
        await faults.expectGood(backupId);
        await Promise.all(workers.map((worker) => worker.stop()));
      } finally {
        await queue.close();
        await Promise.all(proxies.map((proxy) => proxy.close()));
      }
    },
    patience,
  );
});

function troubles({ lines }: ServiceProcess): unknown[] {
  return lines.filter(({ level }) => level === 'warn' || level === 'error' || Number(level) >= 40);
}
