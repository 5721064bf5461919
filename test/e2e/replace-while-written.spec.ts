import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { services, waitUntil } from '../services/services.js';
import { CliWorld, errorOf } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

// Somebody writes into what `hazina restore --replace` is about to replace, after its safety backup was made: noticed before the first rename, and refused unless
// that is meant.

jest.setTimeout(180_000);
const world = new CliWorld();
let proxy: TcpProxy;
let backupId: string;
const target = `${world.database}_written`;
const visits = () => world.client.db(target).collection<{ _id: number; v: string }>('visits');

beforeAll(async () => {
  await world.client
    .db(world.database)
    .collection<{ _id: number }>('visits')
    .insertMany([{ _id: 1 }, { _id: 2 }]);
  ({ backupId } = await world.backup(world.environment));
  proxy = await startTcpProxy(services().mongodbUri);
});
afterAll(async () => {
  await proxy.close();
  await world.client.db(target).dropDatabase();
  await world.close();
});

/** The restore, with a write into the target while it loads. */
async function replacing(...more: string[]) {
  await world.client.db(target).dropDatabase();
  await visits().insertMany([1, 2, 3].map((_id) => ({ _id, v: 'old' })));
  // The plan of the load is written after the safety backup: as BSON, a command and the length of its collection's name.
  const held = proxy.holdBack('insert\0\x10\0\0\0_hazina_restore');
  const args = ['--to-env', 'PROXIED_URI', '--rename', `${world.database}=${target}`, '--replace', '--confirm', target];
  const run = hazina(['restore', backupId, ...args, ...more], { ...world.environment, PROXIED_URI: proxy.uri });
  await waitUntil(() => Promise.resolve(held.count > 0 || undefined), { what: 'the load', timeoutMs: 60_000 });
  await visits().updateOne({ _id: 2 }, { $set: { v: 'written meanwhile' } });
  held.letGo();
  return run;
}

it('is refused, names the collection, and leaves the target as it was written', async () => {
  const run = await replacing('--json');
  expect(run.code).not.toBe(0);
  const error = errorOf(run.stderr);
  expect({ code: error.code, stderr: run.stderr }).toMatchObject({
    code: 'restore/conflict',
    stderr: expect.stringContaining(`${target}.visits`) as unknown,
  });
  expect(error.hint).toContain('--ignore-writes');
  expect(await visits().find().sort({ _id: 1 }).toArray()).toEqual([
    { _id: 1, v: 'old' },
    { _id: 2, v: 'written meanwhile' },
    { _id: 3, v: 'old' },
  ]);
  expect(await world.collections(target)).toEqual(['visits']);
});

it('goes on with --ignore-writes, and says that nobody looked', async () => {
  const run = await replacing('--ignore-writes');
  expect({ code: run.code, stderr: run.stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('writes into it since were not looked for') as unknown,
  });
  expect(await visits().find().sort({ _id: 1 }).toArray()).toEqual([{ _id: 1 }, { _id: 2 }]);
  expect(world.leftovers()).toEqual([]);
});
