import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { AppError, Secret, systemClock, systemRandom } from '#contracts';
import { createNativeLoadEngine, type LoadRequest } from '#engine';
import { dryRunRestore, planSource, proveBackup, proveForPlan, silentObserver } from '#pipeline';
import type { ObjectStore } from '#storage';
import { fromNearest, fromNearestOrCold, type RestoreSource } from '../../apps/worker/src/restores/restore-sources.js';
import { services, uniqueDatabase } from '../services/services.js';
import { noAbort, putBackup, testRing } from '../support/backup-world.js';
import { s3World, type S3World } from '../support/s3-world.js';

// Dry runs of backups whose data lie in a cold storage class.

let world: S3World;
let client: MongoClient;
const target = uniqueDatabase('cold');

beforeAll(async () => {
  world = await s3World();
  client = await MongoClient.connect(services().mongodbUri);
});
afterAll(async () => {
  await client.db(target).dropDatabase();
  await client.close();
  await world.close();
});

/** What S3 says of an object in Glacier: its size and class, and none of its bytes. */
function freeze(key: RegExp): () => void {
  const headers = { 'x-amz-storage-class': 'DEEP_ARCHIVE' };
  const head = world.proxy.on({ kind: 'headers', headers }, { operation: 'HeadObject', key });
  const get = world.proxy.on(
    { kind: 'reply', status: 403, code: 'InvalidObjectState' },
    { operation: 'GetObject', key },
  );
  return () => {
    head.end();
    get.end();
  };
}

async function dryRun(store: ObjectStore, backupId: string) {
  const found = await proveForPlan({ store, ring: testRing }, backupId, noAbort);
  const source = planSource({ store, ring: testRing, observer: silentObserver }, found);
  const contents = await source.contents(noAbort);
  const request: LoadRequest = {
    ...{ uri: new Secret(services().mongodbUri), backupId, databases: [], include: [], exclude: [], confirm: [] },
    rename: [...new Set(contents.namespaces.map(({ db }) => db))].map((from) => ({ from, to: target })),
    ...{ mode: 'into-empty', onConflict: 'fail', ignoreWrites: false, strict: false },
  };
  const engine = createNativeLoadEngine({ clock: systemClock, random: systemRandom, leaseMs: 60_000, beatMs: 10_000 });
  const deps = { engine, source, observer: silentObserver, clock: systemClock };
  return { source, ...(await dryRunRestore(deps, request, noAbort)) };
}

it('makes the plan by the manifest, and says what bringing the data back takes and what was not looked at', async () => {
  const store = await world.open();
  const { backupId } = await putBackup(store, new Date());
  const warm = await dryRun(store, backupId);
  expect(warm.source.cold).toBeUndefined();

  const thaw = freeze(/data\.hzn$/);
  await expect(proveBackup({ store, ring: testRing }, backupId, noAbort)).rejects.toMatchObject({ code: 'store/cold' });
  const { plan, findings, refusal, source } = await dryRun(store, backupId);
  expect(refusal).toBeNull();
  expect(plan.namespaces).toEqual(warm.plan.namespaces);
  expect(findings.estimate).toEqual({ ...warm.findings.estimate, freeBytes: findings.estimate.freeBytes });
  const [warning] = plan.warnings ?? [];
  for (const text of ['lies in DEEP_ARCHIVE', 'up to 12 hours', 'aws s3api restore-object', `${backupId}/1/data.hzn`])
    expect(warning).toContain(text);
  expect(findings.notChecked[0]).toContain('for they lie in a cold class');
  await expect(source.open(noAbort)).rejects.toMatchObject({ code: 'store/cold' });
  thaw();
  expect((await dryRun(store, backupId)).plan.warnings ?? []).toEqual(warm.plan.warnings ?? []);
});

it('cannot plan without the manifest, where a lifecycle rule has moved that too', async () => {
  const store = await world.open();
  const { backupId } = await putBackup(store, new Date());
  const thaw = freeze(/(data|manifest)\.hzn$/);
  await expect(dryRun(store, backupId)).rejects.toMatchObject({
    ...{ code: 'store/cold', message: expect.stringContaining('manifest.hzn') },
  });
  thaw();
});

it('a place that gives the data comes first, then one in which they lie cold; a restore takes no cold one', async () => {
  const cold = new AppError({ code: 'store/cold', stage: 'store', message: 'cold', hint: 'ask for it' });
  const away = new AppError({ code: 'store/unreachable', stage: 'store', message: 'away', hint: 'look' });
  const source = (name: string) => ({ name }) as RestoreSource;
  const told: string[] = [];
  const reading = (errors: Readonly<Record<string, AppError>>) => ({
    ...{ signal: noAbort, onNext: (text: string) => void told.push(text) },
    read: ({ name, mayBeCold }: RestoreSource): Promise<string> => {
      const error = errors[name];
      if (error === undefined || (error === cold && mayBeCold === true)) return Promise.resolve(name);
      return Promise.reject(error);
    },
  });
  const places = ['primary', 'offsite', 'vault'].map(source);
  expect(await fromNearestOrCold(places, reading({ primary: cold, offsite: away }))).toBe('vault');
  told.length = 0;
  const none = { primary: away, offsite: cold, vault: cold };
  expect(await fromNearestOrCold(places, reading(none))).toBe('offsite');
  expect(told.at(-1)).toBe('no place gives the data now: planned from offsite');
  await expect(fromNearest(places, reading(none))).rejects.toBe(away);
  // What the target says of the restore is the answer, whatever lies cold elsewhere.
  const refusal = new AppError({ code: 'restore/conflict', stage: 'plan', message: 'no', hint: 'empty it' });
  await expect(fromNearestOrCold(places, reading({ primary: cold, offsite: refusal }))).rejects.toBe(refusal);
});
