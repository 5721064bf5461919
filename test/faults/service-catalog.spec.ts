import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { services, startExtraMongodb, waitUntil, type ExtraMongodb } from '../services/services.js';
import { ServiceFaults } from '../support/service-faults.js';
import type { ServiceProcess } from '../support/service-process.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

// The catalogue lies on a server of its own, which is killed and started again; what its records say is read past it. Skipped where no server can be started.

const canStartOne = services().mongodbKind === 'ferretdb';
const patience = 240_000;
let server: ExtraMongodb;
let faults: ServiceFaults;
let catalogUri: string;

(canStartOne ? describe : describe.skip)('F20 metadata database restarts in mid-backup', () => {
  beforeAll(async () => {
    server = await startExtraMongodb();
    faults = await ServiceFaults.open({}, { catalogServer: server.uri });
    catalogUri = faults.world.settings['CATALOG_MONGODB_URI'] ?? '';
  }, patience);
  afterEach(() => faults.expectNothingLeft(), patience);
  afterAll(async () => {
    await faults.close();
    await server.stop();
  });

  /** Longer than the outages; the API's own is shorter. */
  const patient = { BACKUP_LEASE_SECONDS: '30' };
  const once = ['created', 'claimed', 'committed', 'completed'];
  const restart = async (worker: ServiceProcess): Promise<void> => {
    const isRed = async () => (await fetch(`${worker.url}/health/ready`)).status === 503;
    await waitUntil(isRed, { what: 'a red readiness' });
    expect((await fetch(`${worker.url}/health/live`)).status).toBe(200);
    await server.restart();
    // It says 503 until it has found its catalogue again; what is asked of it here is what became of the run.
    await faults.api.ready();
  };

  it(
    'F20 its connections reset, then its server killed, in mid-upload: the run lives through both',
    async () => {
      const proxy = await startTcpProxy(catalogUri);
      try {
        const gate = faults.holdUpload();
        const worker = await faults.worker({ ...faults.behindProxy, ...patient, CATALOG_MONGODB_URI: proxy.uri });
        const backupId = await faults.operator.trigger();
        await faults.inUpload(backupId, gate);
        proxy.reset();
        proxy.mend();
        await server.kill();
        await restart(worker);
        gate.open();
        expect(await faults.completed(backupId)).toMatchObject({ attempt: 1 });
        expect(await faults.story(backupId)).toEqual(once);
        await faults.expectEqual(backupId);
        await worker.stop();
      } finally {
        await proxy.close();
      }
    },
    patience,
  );

  it.each([/manifest\.hzn$/, /backup\.json$/])(
    'F20 its server killed while %s is written: the backup is completed once, and nothing of it is lost',
    async (object) => {
      let killed: Promise<void> | undefined;
      const kill = () => {
        killed ??= server.kill();
        return false;
      };
      const worker = await faults.worker({ ...patient, ...faults.behindProxy });
      // Passed on: only the moment is taken.
      faults.store.on({ kind: 'stall' }, { operation: 'PutObject', key: object, when: kill });
      const backupId = await faults.operator.trigger();
      await waitUntil(() => killed !== undefined, { what: `${object.source} on its way`, timeoutMs: 60_000 });
      await killed;
      await restart(worker);
      await faults.completed(backupId);
      const story = await faults.story(backupId);
      expect(story.filter((type) => type === 'committed' || type === 'completed')).toEqual(['committed', 'completed']);
      await faults.expectEqual(backupId);
    },
    patience,
  );

  it(
    'F20 out of reach for one worker for longer than the lease: it gives its run up by itself, and another completes the backup',
    async () => {
      const proxy = await startTcpProxy(catalogUri);
      try {
        const gate = faults.holdUpload();
        const cutOff = await faults.worker({ ...faults.behindProxy, CATALOG_MONGODB_URI: proxy.uri });
        const backupId = await faults.operator.trigger();
        await faults.inUpload(backupId, gate);
        proxy.silence();
        await faults.worker();
        expect(await faults.completed(backupId)).toMatchObject({ attempt: 2 });
        proxy.mend();
        const left = await cutOff.waitForLine(({ msg }) => msg === 'backup left to another', 'to leave its run');
        expect(left).toMatchObject({ code: 'run/fenced', backupId });
        await faults.expectEqual(backupId);
        await cutOff.stop();
      } finally {
        await proxy.close();
      }
    },
    patience,
  );
});
