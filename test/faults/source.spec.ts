import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { services, startExtraMongodb, waitUntil } from '../services/services.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { failingCommand } from '../support/run-command.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

// F21: the source goes away in the middle of a dump: never partial success (I1), the cause named (I11), nothing left (I4). The native engine, at the command line;
// every way in which a network fails: test/integration/native-dump-faults.spec.ts.

const patience = 90_000;
const world = new CliWorld();
let proxy: TcpProxy;
/** About so much comes from the server in a whole dump. */
let wholeBytes: number;

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 20_000);
  await using measured = await through();
  await world.backup({ ...measured.environment, BACKUP_DIRECTORY: `${world.folder}/measured` });
  wholeBytes = measured.proxy.bytesFromServer;
}, patience);
afterEach(() => {
  expect(world.storedFiles()).toEqual([]);
  expect(world.leftovers()).toEqual([]);
});
afterAll(() => world.close());

async function through(): Promise<{ proxy: TcpProxy; environment: Environment } & AsyncDisposable> {
  proxy = await startTcpProxy(services().mongodbUri);
  const uri = new URL(proxy.uri);
  uri.pathname = `/${world.database}`;
  uri.search = '?directConnection=true&serverSelectionTimeoutMS=2000';
  const environment = { ...world.environment, MONGODB_URI: uri.href, BACKUP_STALL_SECONDS: '2' };
  return { proxy, environment, [Symbol.asyncDispose]: () => proxy.close() };
}

it.each([
  ['reset', 'source/unreachable', 15],
  ['cut', 'source/unreachable', 15],
  ['silence', 'engine/stalled', 10],
] as const)(
  'F21 the connection to the source at 30 %%: %s',
  async (what, code, exitCode) => {
    await using broken = await through();
    broken.proxy.after(Math.round(wholeBytes * 0.3), what);
    const { error } = await failingCommand(['backup'], broken.environment);
    expect(error).toMatchObject({ code, exitCode, stage: 'dump', hint: expect.any(String) as unknown });
    expect(broken.proxy.bytesFromServer).toBeGreaterThan(wholeBytes * 0.3);
  },
  patience,
);

// One of our own that may be killed can be started of FerretDB alone.
(services().mongodbKind === 'ferretdb' ? it : it.skip)(
  'F21 the source server is killed in mid-dump, and the next run after its restart is a backup',
  async () => {
    const server = await startExtraMongodb();
    try {
      const slow = await startTcpProxy(server.uri, { bandwidth: wholeBytes / 10 });
      const uri = new URL(slow.uri);
      uri.pathname = `/${world.database}`;
      uri.search = '?directConnection=true&serverSelectionTimeoutMS=2000';
      const environment = { ...world.environment, MONGODB_URI: uri.href };
      const { error } = await failingCommand(['backup'], environment, async () => {
        await waitUntil(() => slow.bytesFromServer > wholeBytes * 0.3, {
          what: 'a third of the dump',
          timeoutMs: patience,
        });
        await server.kill();
      });
      expect(error).toMatchObject({ code: 'source/unreachable', exitCode: 15 });
      expect(world.storedFiles()).toEqual([]);
      await slow.close();

      await server.restart();
      const again = { ...world.environment, MONGODB_URI: `${server.uri}${world.database}` };
      const { backupId } = await world.backup(again, '--verify');
      expect(await hazina(['delete', backupId, '--force'], again)).toMatchObject({ code: 0 });
    } finally {
      await server.stop();
    }
  },
  patience,
);
