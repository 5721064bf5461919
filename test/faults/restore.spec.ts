import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { services, waitUntil } from '../services/services.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { compareDatabases } from '../support/compare-databases.js';
import { spawnHazina, hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { summary } from '../support/restore-by-double.js';
import { toolsIn } from '../support/tools-in.js';
import { once } from 'node:events';

// Restores that are interrupted or that lie, at the command line. Kills at every step: native-load-resume.spec.ts; refusals: test/e2e/failures.spec.ts.

const patience = 120_000;
const world = new CliWorld();
let backupId: string;
const into = (target: string) => [
  'restore',
  backupId,
  '--to-env',
  'TARGET_URI',
  '--rename',
  `${world.database}=${target}`,
];

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 6000);
  ({ backupId } = await world.backup(world.environment));
}, patience);
afterEach(() => expect(world.leftovers()).toEqual([]));
afterAll(() => world.close());

const visible = async (target: string) =>
  (await world.collections(target)).filter((name) => !name.startsWith('_hazina_'));

describe('F41 a restore that is interrupted half-way', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'F41 %s: no name of the target has changed, and the same command completes it',
    async (signal) => {
      const target = `${world.database}_${signal.toLowerCase()}`;
      const proxy = await startTcpProxy(services().mongodbUri, { bandwidth: 1_500_000 });
      try {
        const uri = new URL(proxy.uri);
        uri.search = '?directConnection=true';
        const child = spawnHazina(into(target), {
          environment: { ...world.environment, TARGET_URI: uri.href },
          stdio: 'pipe',
        });
        child.stdout?.resume();
        child.stderr?.resume();
        const ended = once(child, 'exit');
        const loading = async () => (await world.collections(target)).some((name) => name.startsWith('_hazina_tmp_'));
        await waitUntil(loading, { what: 'documents being loaded', timeoutMs: patience });
        child.kill(signal);
        const [code] = (await ended) as [number | null];
        expect(code).toBe(signal === 'SIGKILL' ? null : 143);
        expect(await visible(target)).toEqual([]);
        if (signal === 'SIGTERM') expect(await world.collections(target)).toEqual([]);
      } finally {
        await proxy.close();
      }
      // The plan of the killed one is taken over when its lease has stood still.
      expect(await hazina(into(target), world.environment)).toMatchObject({ code: 0 });
      const uri = services().mongodbUri;
      const comparison = await compareDatabases({ uri, db: world.database }, { uri, db: target });
      expect(comparison).toMatchObject({ documents: 6000, differences: [] });
    },
    2 * patience + 180_000,
  );
});

describe('F42 a tool that reports failed documents and exits 0', () => {
  const withTool = (says: readonly string[]): Environment => ({
    ...world.environment,
    PATH: toolsIn(world.folder, { behaviour: 'restore', says }).searchPath,
  });

  it(
    'F42 mongorestore with failed documents: the restore failed, with the counts',
    async () => {
      const error = await world.failing(
        [...into(`${world.database}_f42`), '--engine', 'mongorestore'],
        withTool([summary(2, 5)]),
      );
      expect(error).toMatchObject({ code: 'restore/failed', exitCode: 12 });
      expect(error.message).toMatch(/5 documents failed to restore, 2 were restored/);
    },
    patience,
  );

  it(
    'F42 mongorestore that says nothing: not believed',
    async () => {
      const error = await world.failing([...into(`${world.database}_f42`), '--engine', 'mongorestore'], withTool([]));
      expect(error).toMatchObject({ code: 'restore/failed', exitCode: 12 });
    },
    patience,
  );

  it(
    'F42 an _id that is there already, native engine: refused before anything is written',
    async () => {
      const target = `${world.database}_dup`;
      const one = await world.client.db(world.database).collection('labs').findOne();
      await world.client
        .db(target)
        .collection('labs')
        .insertOne(one ?? {});
      expect(await world.failing(into(target), world.environment)).toMatchObject({
        code: 'target/not-empty',
        exitCode: 16,
      });
      expect(await world.collections(target)).toEqual(['labs']);
    },
    patience,
  );
});
