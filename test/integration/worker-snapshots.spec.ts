import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { closeFakes, finds, orders, people, refuse, startFakeDump } from '../support/fake-dump.js';
import { WorkerWorld } from '../support/worker-world.js';

// A replica set that keeps a moment for too short a time. It is a double: the server of these tests has no snapshots.

jest.setTimeout(60_000);
let world: WorkerWorld;

beforeAll(async () => void (world = await WorkerWorld.open()));
afterEach(closeFakes);
afterAll(() => world.close());

it('an attempt that outlived its snapshot is followed by one without', async () => {
  const { server } = await startFakeDump({
    hello: { setName: 'rs0', primary: 'x', hosts: ['x'], setVersion: 1 },
    collections: [people, orders],
    // As long as it is read from a snapshot, it is gone when the second reply is asked for.
    answer: (sent) => ('getMore' in sent && isOfSnapshot() ? refuse(239) : undefined),
  });
  const isOfSnapshot = () => finds(server).findLast(({ find }) => find === 'people')?.['readConcern'] !== undefined;
  await world.worker({ MONGODB_URI: `${server.uri}?directConnection=true` });
  const backupId = await world.trigger();
  const { claim, consistency, warnings, events } = await world.until(backupId, ({ status }) => status === 'completed', {
    what: 'the second attempt',
  });
  expect({ fence: claim.fence, mode: consistency?.mode }).toEqual({ fence: 2, mode: 'none' });
  expect(events.find(({ type }) => type === 'retry')?.message).toMatch(/SnapshotTooOld/);
  expect(warnings).toEqual([expect.stringMatching(/not of one moment: in the attempt before/)]);
});
