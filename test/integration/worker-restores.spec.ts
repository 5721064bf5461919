import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { alertKey, restoreJob, type NewRestore } from '#catalog';
import { loadWorkerConfig } from '#config';
import { isFinalTask, randomSuffix, systemClock, systemRandom, type RestoreRecord } from '#contracts';
import { createLog } from '#logging';
import { WorkerLog } from '../../apps/worker/src/logging/worker-log.js';
import { defaultTuning } from '../../apps/worker/src/core/tuning.js';
import { dropScratchWhileHeld } from '../../apps/worker/src/restores/drop-scratch.js';
import { LeftScratch } from '../../apps/worker/src/restores/left-scratch.js';
import { services, uniqueDatabase, waitUntil } from '../services/services.js';
import { WorkerWorld, type Environment, type RunningWorker } from '../support/worker-world.js';

jest.setTimeout(90_000);
const documents = 3_000;
const targets: Environment = {
  RESTORE_TARGETS: 'staging,production',
  RESTORE_TARGET_STAGING_URI: services().mongodbUri,
  RESTORE_TARGET_STAGING_SCRATCH: 'true',
  RESTORE_TARGET_PRODUCTION_URI: services().mongodbUri,
};

let world: WorkerWorld;
let worker: RunningWorker;
let backupId: string;
let copy: string;
const made: string[] = [];

beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(documents);
  await world.client.db(world.source).collection('patients').createIndex({ name: 1 });
  await world.client
    .db(world.source)
    .collection('visits')
    .insertMany([{ _id: 1 as never }, { _id: 2 as never }]);
  worker = await world.worker(targets);
  backupId = await world.trigger();
  await world.until(backupId, ({ status }) => status === 'completed', { what: 'the backup' });
});
afterEach(async () => {
  for (const name of made.splice(0)) await world.client.db(name).dropDatabase();
});
afterAll(() => world.close());

/** A restore of the backup into a database of its own. */
async function ask(more: Partial<NewRestore> = {}): Promise<string> {
  copy = uniqueDatabase('restored');
  made.push(copy);
  const inserted = await world.catalog.restores.insert({
    restoreId: `restore-20261123T090000Z-${randomSuffix(systemRandom, 6)}`,
    ...{ backupId, targetName: 'production', mode: 'into-empty', databases: [], include: [], exclude: [] },
    ...{ rename: [{ from: world.source, to: copy }], onConflict: 'fail', ignoreWrites: false, dryRun: false },
    ...{ createdAt: new Date(), correlationId: 'c-restore', requestedBy: 'ada', role: 'admin' },
    ...more,
  });
  if (inserted.outcome !== 'inserted') throw new Error(`not inserted: ${inserted.outcome}`);
  await world.queue.add(restoreJob(inserted.record));
  return inserted.record.restoreId;
}

async function ended(restoreId: string): Promise<RestoreRecord> {
  return until(restoreId, ({ status }) => isFinalTask(status));
}

function until(restoreId: string, isSo: (record: RestoreRecord) => boolean): Promise<RestoreRecord> {
  let seen: RestoreRecord | null = null;
  return waitUntil(
    async () => {
      seen = await world.catalog.restores.find(restoreId);
      return seen !== null && isSo(seen) ? seen : undefined;
    },
    { what: restoreId, timeoutMs: 40_000, intervalMs: 20, onTimeout: () => JSON.stringify(seen, undefined, 1) },
  );
}

const restore = async (more: Partial<NewRestore> = {}) => ended(await ask(more));
const countIn = (database: string, collection = 'patients') =>
  world.client.db(database).collection(collection).countDocuments();
const namesOf = async (database: string) =>
  (await world.client.db(database).listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name).sort();
const databases = async (part: string) => {
  const { databases: all } = await world.client.db('admin').admin().listDatabases({ nameOnly: true });
  return all.map(({ name }) => name).filter((name) => name.includes(part));
};

describe('into-empty', () => {
  it('restores, and reports each namespace', async () => {
    const record = await restore();
    expect(record).toMatchObject({ status: 'completed', error: null, phase: 'renaming', safety: null, failures: 0 });
    expect(record.report).toMatchObject({ dryRun: false, outcome: 'restored', documents: documents + 2 });
    const [patients] = record.report?.namespaces ?? [];
    expect(patients).toMatchObject({
      ...{ from: `${world.source}.patients`, db: copy, collection: 'patients', type: 'collection', action: 'create' },
      ...{ documents, indexes: 2, differences: [] },
    });
    expect(patients?.bytes).toBeGreaterThan(documents * 50);
    expect(patients?.durationMs).toBeGreaterThan(0);
    expect(await namesOf(copy)).toEqual(['patients', 'visits']);
    expect(await countIn(copy)).toBe(documents);
    const text = await (await fetch(`http://127.0.0.1:${worker.port}/metrics`)).text();
    expect(text).toMatch(/hazina_restores_total\{target="production",result="completed"\} [1-9]/);
    expect(text).toMatch(/hazina_restore_last_success_timestamp_seconds\{target="production"\} \d/);
    expect(text).toContain('hazina_restore_duration_seconds_count{target="production"}');
  });

  it('takes a part', async () => {
    const record = await restore({ include: [`${world.source}.visits`] });
    expect(record.report?.namespaces.map(({ collection }) => collection)).toEqual(['visits']);
    expect(await namesOf(copy)).toEqual(['visits']);
  });

  it('refuses what is not empty, says so to people, and is well again after the next', async () => {
    const restoreId = await ask({ targetName: 'staging' });
    await ended(restoreId);
    await world.client.db(copy).collection('other').insertOne({ a: 1 });
    const rename = [{ from: world.source, to: copy }];
    const record = await restore({ rename, targetName: 'staging' });
    expect(record).toMatchObject({ status: 'failed', error: { code: 'target/not-empty', retryable: false } });
    expect(record.error?.hint).not.toContain('--');
    const isRaised = async () =>
      (await world.catalog.alerts.raised()).some(({ key }) => key === alertKey('restore-failed', 'staging'));
    await waitUntil(isRaised, { what: 'the alert' });
    await restore({ targetName: 'staging' });
    await waitUntil(async () => !(await isRaised()), { what: 'the end of the alert' });
  });

  it('refuses names that the backup does not hold', async () => {
    expect(await restore({ databases: ['nobody'] })).toMatchObject({
      ...{ status: 'failed', error: { code: 'cli/bad-arguments' } },
    });
  });
});

it('a dry run gives the plan and changes nothing', async () => {
  const record = await restore({ dryRun: true });
  expect(record).toMatchObject({ status: 'completed', report: { dryRun: true, outcome: 'planned' } });
  expect(record.report?.namespaces.map(({ db, action, documents: held }) => [db, action, held])).toEqual([
    [copy, 'create', documents],
    [copy, 'create', 2],
  ]);
  expect(record.report?.findings).toMatchObject({ conflicts: [], estimate: { documents: documents + 2 } });
  expect(record.report?.findings?.checked).toContainEqual(expect.stringContaining(`on ${documents + 2} documents`));
  expect(await databases(copy)).toEqual([]);
});

it('a dry run of what would be refused is refused, too, and keeps what it found', async () => {
  const rename = [{ from: world.source, to: uniqueDatabase('restored') }];
  made.push(rename[0]?.to ?? '');
  await world.client.db(rename[0]?.to).collection('patients').insertOne({ a: 1 });
  const record = await restore({ rename, dryRun: true });
  expect(record).toMatchObject({ status: 'failed', error: { code: 'target/not-empty' } });
  expect(record.report?.namespaces.map(({ action }) => action)).toEqual(['refused', 'create']);
  expect(record.report?.findings?.conflicts).toMatchObject([
    { kind: 'not-empty', blocking: true, db: rename[0]?.to, collection: 'patients', documents: 1 },
  ]);
});

describe('scratch', () => {
  const idOfRestore = (): string => `restore-20261123T090000Z-${randomSuffix(systemRandom, 6)}`;
  /** A record that nobody has claimed, without a job. */
  const inserted = async (correlationId: string): Promise<string> => {
    const restoreId = idOfRestore();
    const fields = { targetName: 'staging', mode: 'scratch', databases: [], include: [], exclude: [] } as const;
    await world.catalog.restores.insert({
      ...{ restoreId, backupId, ...fields, rename: [], onConflict: 'fail', ignoreWrites: false, dryRun: false },
      ...{ createdAt: new Date(), correlationId, requestedBy: 'ada', role: 'operator' },
    });
    return restoreId;
  };
  /** A database as such a restore makes it. */
  const marked = async (restoreId: string): Promise<string> => {
    const name = `hazina_scratch_${restoreId.slice(-6)}_clinic`;
    made.push(name);
    const marker = { _id: 'marker' as never, restoreId, backupId, createdAt: new Date() };
    await world.client.db(name).collection('_hazina_scratch').insertOne(marker);
    return name;
  };

  it('goes into databases of its own, which say whose they are', async () => {
    const record = await restore({ mode: 'scratch', targetName: 'staging', role: 'operator', rename: [] });
    expect(record.status).toBe('completed');
    const name = `hazina_scratch_${record.restoreId.slice(-6)}_${world.source}`.slice(0, 63);
    made.push(name);
    expect(record.report?.namespaces[0]).toMatchObject({ db: name, from: `${world.source}.patients` });
    expect(await countIn(name)).toBe(documents);
    expect(await world.client.db(name).collection('_hazina_scratch').findOne()).toMatchObject({
      ...{ restoreId: record.restoreId, backupId },
    });
  });

  it('leaves nothing when it comes to nothing, and touches no database that it did not make', async () => {
    const restoreId = await ask({ mode: 'scratch', targetName: 'staging', rename: [], include: ['nothing.at.all'] });
    const foreign = `hazina_scratch_${restoreId.slice(-6)}_foreign`;
    made.push(foreign);
    await world.client.db(foreign).collection('mine').insertOne({ a: 1 });
    expect((await ended(restoreId)).status).toBe('failed');
    expect(await databases(restoreId.slice(-6))).toEqual([foreign]);
  });

  it('that lost its claim and wakes late drops nothing of its successor', async () => {
    const { catalog } = world;
    const restoreId = await inserted('c-late');
    const first = await catalog.restores.claim(restoreId, 'the first', new Date());
    if (first === null) throw new Error('it was not claimed');
    await catalog.restores.expire(restoreId, first.claim, new Date());
    const record = await catalog.restores.claim(restoreId, 'the second', new Date());
    if (record === null) throw new Error('it was not claimed again');
    const name = await marked(restoreId);
    const environment = world.environment(targets);
    const config = await loadWorkerConfig({ environment, readFile, workingDirectory: '/' });
    const log = new WorkerLog(createLog({ service: 'hazina-worker', level: 'silent', version: 'test' }));
    const drop = ({ fence }: { fence: number }) =>
      dropScratchWhileHeld(
        { config, catalog },
        { record, log, claim: { ref: { id: restoreId, fence } }, observer: { scratch: [name] } },
      );
    await drop(first.claim);
    expect(await databases(restoreId.slice(-6))).toEqual([name]);
    // A target that is away: what could not be dropped is told by name, with what to do.
    const away = { ...targets, RESTORE_TARGET_STAGING_URI: 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100' };
    const cut = await loadWorkerConfig({ environment: world.environment(away), readFile, workingDirectory: '/' });
    const left = {
      record,
      log,
      claim: { ref: { id: restoreId, fence: record.claim.fence } },
      observer: { scratch: [name] },
    };
    const note = await dropScratchWhileHeld({ config: cut, catalog }, left);
    expect(note).toContain(`${name} on staging could not be dropped`);
    expect(note).toContain(`--drop-scratch ${restoreId}`);
    await drop(record.claim);
    expect(await databases(restoreId.slice(-6))).toEqual([]);
    const ended = await catalog.restores.cancelled({ id: restoreId, fence: record.claim.fence }, new Date(), null);
    expect(ended?.status).toBe('cancelled');
  });

  it('that came to nothing and was not dropped is dropped by the upkeep; one that is done or runs stays', async () => {
    const { catalog } = world;
    const begun = async () => {
      const restoreId = await inserted('c-left');
      const record = await catalog.restores.claim(restoreId, 'nobody', new Date());
      if (record === null) throw new Error('it was not claimed');
      return { name: await marked(restoreId), ref: { id: restoreId, fence: record.claim.fence } };
    };
    const [ended, runs, justNow] = [await begun(), await begun(), await begun()];
    const unknown = await marked(idOfRestore());
    await catalog.restores.cancelled(ended.ref, new Date(Date.now() - 3_600_000), 'not dropped');
    await catalog.restores.cancelled(justNow.ref, new Date(), 'not dropped');
    const config = await loadWorkerConfig({ environment: world.environment(targets), readFile, workingDirectory: '/' });
    const log = new WorkerLog(createLog({ service: 'hazina-worker', level: 'silent', version: 'test' }));
    const look = () => new LeftScratch({ config, catalog, log, clock: systemClock, tuning: defaultTuning }).look();
    const dropped = await look();
    // The worker of this test may have been faster.
    expect(dropped).not.toContain(runs.name);
    expect(dropped).not.toContain(unknown);
    expect(await databases(ended.ref.id.slice(-6))).toEqual([]);
    expect(await databases(runs.ref.id.slice(-6))).toEqual([runs.name]);
    expect(await databases(unknown.slice(15, 21))).toEqual([unknown]);
    // A run of it that was fenced off may still be writing there.
    expect(await databases(justNow.ref.id.slice(-6))).toEqual([justNow.name]);
    await catalog.restores.cancelled(runs.ref, new Date(), null);
  });

  it('is not done where the flag is not set, whatever the API let through', async () => {
    expect(await restore({ mode: 'scratch' })).toMatchObject({
      ...{ status: 'failed', error: { code: 'request/unsupported' } },
    });
    expect(await restore({ role: 'operator' })).toMatchObject({ status: 'failed', error: { code: 'auth/forbidden' } });
    expect(await restore({ targetName: 'elsewhere' })).toMatchObject({ error: { code: 'target/unknown' } });
    expect(await databases(copy)).toEqual([]);
  });
});

describe('replace', () => {
  /** A database that holds something else under the same name. */
  async function old(): Promise<string> {
    const name = uniqueDatabase('replaced');
    made.push(name);
    await world.client
      .db(name)
      .collection('visits')
      .insertMany([{ _id: 'old' as never, n: 1 }, { _id: 2 as never }]);
    await world.client.db(name).collection('kept').insertOne({ a: 1 });
    return name;
  }
  const into = (name: string): Partial<NewRestore> => ({ mode: 'replace', rename: [{ from: world.source, to: name }] });

  it('backs up what it replaces, and only that', async () => {
    const name = await old();
    const record = await restore(into(name));
    expect(record.status).toBe('completed');
    expect(record.report?.namespaces.map(({ collection, action }) => [collection, action])).toEqual([
      ['patients', 'create'],
      ['visits', 'replace'],
    ]);
    expect(await namesOf(name)).toEqual(['kept', 'patients', 'visits']);
    expect(await world.client.db(name).collection('visits').countDocuments({ n: 1 })).toBe(0);
    const safety = await world.record(record.safety?.backupId ?? '');
    expect(safety).toMatchObject({ status: 'completed', trigger: 'safety', target: 'safety-production' });
    expect(safety.label).toBe(`before ${record.restoreId}`);
    expect(safety.metadata?.collections).toMatchObject([{ name: `${name}.visits`, documents: 2 }]);
    expect(record.report?.warnings.join()).toContain(`in the backup ${safety.backupId}`);

    // And it brings back what was there.
    const back = await restore({ ...into(name), backupId: safety.backupId, rename: [] });
    expect(back.status).toBe('completed');
    expect(await world.client.db(name).collection('visits').countDocuments({ n: 1 })).toBe(1);
  });

  it('replaces nothing when somebody writes after the backup began', async () => {
    const name = await old();
    const restoreId = await ask(into(name));
    await until(restoreId, ({ safety }) => safety !== null);
    // Changed in place: no count tells of it.
    await world.client
      .db(name)
      .collection('visits')
      .updateOne({ _id: 'old' as never }, { $set: { n: 2 } });
    const record = await ended(restoreId);
    expect(record).toMatchObject({ status: 'failed', error: { code: 'restore/conflict' } });
    expect(await namesOf(name)).toEqual(['kept', 'visits']);
    expect(await world.client.db(name).collection('visits').countDocuments({ n: 2 })).toBe(1);
    const ignored = await restore({ ...into(name), ignoreWrites: true });
    expect(ignored.status).toBe('completed');
    expect(ignored.report?.warnings.join()).toContain('were not looked for');
  });
});

describe('a cancel', () => {
  it('while it loads ends it within seconds, with the target as it was', async () => {
    const bulk = world.client.db(world.source).collection('bulk');
    const filler = 'x'.repeat(1_000);
    for (let part = 0; part < 15; part += 1)
      await bulk.insertMany(Array.from({ length: 2_000 }, (_, n) => ({ n, filler })));
    const big = await world.trigger();
    await world.until(big, ({ status }) => status === 'completed', { what: 'the large backup' });
    const restoreId = await ask({ backupId: big });
    await until(restoreId, ({ progress }) => (progress?.documents ?? 0) > 0);
    const began = performance.now();
    expect(await world.catalog.restores.requestCancel(restoreId, new Date())).toBe('requested');
    const record = await ended(restoreId);
    expect(record).toMatchObject({ status: 'cancelled', error: null, errorMessage: null });
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await namesOf(copy)).toEqual([]);
    expect(record.progress?.namespaces.map(({ name }) => name)).toContain(`${copy}.bulk`);
    expect(record.progress?.expectedDocuments).toBe(30_000 + documents + 2);
  });
});

it('the backup in use is not deleted', async () => {
  const record = await restore();
  expect(await world.catalog.restores.uses(backupId)).toBe(false);
  expect(record.backupId).toBe(backupId);
  await worker.end();
  const restoreId = await ask();
  expect(await world.catalog.restores.uses(backupId)).toBe(true);
  await world.catalog.restores.requestCancel(restoreId, new Date());
  expect(await world.catalog.restores.uses(backupId)).toBe(false);
});

function readFile(path: string): Buffer {
  throw new Error(`no file is read in this test: ${path}`);
}
