import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AppError } from '#contracts';
import { storeContents } from '../support/backup-world.js';
import { catalogWorld, type CatalogWorld } from '../support/catalog-world.js';
import type { Document } from 'mongodb';
import { RaceWorld, type OldBackup } from '../support/race-world.js';
import { seededRandom } from '../support/sample-data.js';
import { Turns } from '../support/turns.js';

// F39: cancel, delete, retention, verification and a second worker against a run, in 1,000 orders of their calls. The parts are the product's own (the API's services,
// the worker's processors, the pipeline) on the real catalogue; store and clock are doubles, and a seed decides whose call is next.

const seeds = Number(process.env['HAZINA_INTERLEAVINGS'] ?? 1_000);
const firstSeed = Number(process.env['HAZINA_INTERLEAVING_SEED'] ?? 1);
const lanes = 4;
/** A run takes about fifty turns: others come at any moment of it, or afterwards. */
const latest = 70;
const patience = 1_800_000;
let catalogs: CatalogWorld;
beforeAll(async () => {
  catalogs = await catalogWorld();
});
afterAll(() => catalogs.close());

const collection = (name: string) => catalogs.client.db(catalogs.database).collection(name);

const kinds = ['cancel', 'delete', 'force', 'verify', 'cleanup', 'takeOver', 'deleteOld', 'verifyOld'] as const;
type Kind = (typeof kinds)[number];

/** Refusals in words are answers; everything else that an actor ends with is a defect. */
const answers = new Set([
  ...['backup/refused', 'backup/not-found', 'backup/not-completed', 'backup/missing', 'run/cancelled', 'run/fenced'],
  // A deletion or cleanup that met another one; it is repeated by the reconciler.
  ...['store/no-object'],
]);

interface Lane {
  readonly name: string;
  /** A backup of ten days ago: its record and its objects, put back for every race. */
  readonly old: OldBackup & { readonly record: Document };
}

async function openLane(name: string): Promise<Lane> {
  const race = await RaceWorld.open(catalogs.catalog, name, new Turns(Math.random));
  const backupId = await race.completed(10);
  const record = await collection('backups').findOne({ backupId });
  if (record === null) throw new Error('no old backup');
  return { name, old: { record, objects: await race.objects() } };
}

async function race(seed: number, lane: Lane): Promise<string> {
  const random = seededRandom(seed);
  const turns = new Turns(random);
  await forget(lane.name);
  await collection('backups').insertOne(lane.old.record);
  const race = await RaceWorld.open(catalogs.catalog, lane.name, turns, lane.old);
  const old = String(lane.old.record['backupId']);
  const backupId = await race.trigger();
  const chosen = kinds.filter(() => random() < 0.35);
  const actors: Record<string, () => Promise<unknown>> = { run: race.run('run', backupId) };
  const make: Record<Kind, (actor: string) => () => Promise<unknown>> = {
    cancel: (actor) => race.cancel(actor, backupId),
    delete: (actor) => race.delete(actor, backupId, false),
    force: (actor) => race.delete(actor, backupId, true),
    verify: (actor) => race.verify(actor, backupId),
    cleanup: (actor) => race.cleanup(actor),
    takeOver: (actor) => race.takeOver(actor, backupId),
    deleteOld: (actor) => race.delete(actor, old, false),
    verifyOld: (actor) => race.verify(actor, old),
  };
  for (const kind of chosen) actors[kind] = make[kind](kind);
  const errors = await turns.play(actors, (actor) => (actor === 'run' ? 0 : Math.floor(random() * latest)));
  for (const [actor, error] of Object.entries(errors))
    if (!(error instanceof AppError) || !answers.has(error.code))
      throw new Error(`${actor} ended with ${String(error)}`);

  const [record, older] = [await race.settle(backupId), await race.settle(old)];
  const contents = await storeContents(race.store);
  const inStore = (id: string) => contents.filter((key) => key.includes(id));
  const states = `${record.status}/${older.status}`;
  for (const each of [record, older]) {
    const stands = inStore(each.backupId);
    switch (each.status) {
      case 'completed':
        // I1, I4: one committed set, whole.
        await race.expectWhole(each.backupId);
        expect(stands.filter((key) => key.endsWith('/data.hzn'))).toHaveLength(1);
        break;
      case 'cancelled':
        expect(each.commit).toBeNull();
        expect(stands).toEqual([]);
        break;
      case 'deleted':
        expect(stands).toEqual([]);
        break;
      default:
        throw new Error(`${each.backupId} ended as ${each.status}: ${each.errorMessage ?? ''}`);
    }
  }
  // I5: without force the last good one is always there.
  if (!chosen.includes('force')) expect(states.split('/')).toContain('completed');
  expect(contents.filter((key) => key.startsWith('upload'))).toEqual([]);
  // A verification that was let in found what it verified: nothing in use was removed. It may have come to a record that is `deleting` (and
  // goes back to `completed`, because it is in use): then it says so.
  const tasks = await collection('tasks')
    .find({ backupId: { $in: [backupId, old] } })
    .toArray();
  for (const task of tasks)
    expect({ chosen, states, task: JSON.stringify(task) }).toMatchObject({
      task: expect.stringMatching(/"status":"completed"|"code":"backup\/not-completed"/) as unknown,
    });
  return `${chosen.join('+')}: ${states}`;
}

async function forget(lane: string): Promise<void> {
  await collection('backups').deleteMany({ target: lane });
  await collection('tasks').deleteMany({ backupId: { $regex: `^${lane}-` } });
}

it(
  `F39 ${seeds} seeded interleavings of a run with cancel, delete, retention, verification and takeover`,
  async () => {
    const outcomes = new Map<string, number>();
    const queue = Array.from({ length: seeds }, (_, at) => firstSeed + at).values();
    const run = async (name: string): Promise<void> => {
      const lane = await openLane(name);
      for (const seed of queue) {
        try {
          const outcome = (await race(seed, lane)).split(': ')[1] ?? '';
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        } catch (error) {
          throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
        }
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, at) => run(`lane-${at}`)));
    expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBe(seeds);
    // The seeds meet what they are for.
    for (const outcome of ['completed/completed', 'cancelled/completed', 'completed/deleted', 'deleted/completed'])
      expect({ outcome, met: (outcomes.get(outcome) ?? 0) > 0 }).toEqual({ outcome, met: true });
  },
  patience,
);
