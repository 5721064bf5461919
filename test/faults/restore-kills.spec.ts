import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MongoClient, type Document } from 'mongodb';
import { uniqueDatabase } from '../services/unique-names.js';
import { waitUntil } from '../services/wait-until.js';
import { buildArchive } from '../support/build-archive.js';
import type { ChildOrder } from '../support/native-load-child.js';
import { loadArchive, testUri } from '../support/native-load.js';
import { projectRoot } from '../support/run-hazina.js';

// `replace` is killed at 20 points of its way, drawn by a seed: before a command of the loader is sent, or a moment after. Each collection of the target then
// holds its old data or its new data whole; all is old as long as no rename was begun; and the same restore, asked for again, finishes the job. Names that a
// server does not rename to (the test server's: those with a dot) are made anew in their place, as time series are: the plan says so, and they stand apart.

jest.setTimeout(300_000);
const seed = 20_261_126;
const points = 20;
/** A look at a plan that takes longer than two beats begins the watch anew: on a busy machine many do. */
const lease = { leaseMs: 2_000, beatMs: 700 };
const lookMs = 300;
const tuning = { batchBytes: 1500, inFlight: 3 };

type Contents = Readonly<
  Record<string, { readonly documents: readonly Document[]; readonly indexes: readonly string[] }>
>;

let client: MongoClient;
let folder: string;
let first: string;
let second: string;

beforeAll(async () => {
  client = await MongoClient.connect(testUri());
  folder = mkdtempSync(join(tmpdir(), 'hazina-kills-'));
});
afterAll(async () => {
  await client.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  [first, second] = [uniqueDatabase('kill_a'), uniqueDatabase('kill_b')];
  await fill();
});

async function fill(): Promise<void> {
  for (const db of [first, second]) {
    for (const { collection, old, indexed } of collections.filter(({ within }) => within === nameOf(db))) {
      if (old === 0) continue;
      await client
        .db(db)
        .collection(collection)
        .insertMany(documentsOf('old', old) as never[]);
      if (indexed) await client.db(db).collection(collection).createIndex({ v: 1 });
    }
  }
}

async function empty(): Promise<void> {
  await client.db(first).dropDatabase();
  await client.db(second).dropDatabase();
}
afterEach(empty);

const nameOf = (db: string): 'first' | 'second' => (db === first ? 'first' : 'second');
const documentsOf = (v: string, count: number) =>
  Array.from({ length: count }, (_, _id) => ({ _id, v, text: `${v} `.repeat(30) }));
/** `old: 0`: the target has no such collection; `fresh: 0`: the archive holds it empty; null: not at all. */
const collections = [
  { within: 'first', collection: 'patients', old: 40, fresh: 60, indexed: true },
  { within: 'first', collection: 'fs.chunks', old: 5, fresh: 7, indexed: false },
  { within: 'first', collection: 'fs.files', old: 2, fresh: 3, indexed: false },
  { within: 'first', collection: 'left.alone', old: 4, fresh: null, indexed: true },
  { within: 'second', collection: 'emptied', old: 9, fresh: 0, indexed: false },
  { within: 'second', collection: 'visits', old: 30, fresh: 25, indexed: true },
  { within: 'second', collection: 'brand-new', old: 0, fresh: 12, indexed: true },
] as const;

const archive = () =>
  buildArchive(
    collections.flatMap(({ within, collection, fresh, indexed }) =>
      fresh === null
        ? []
        : [
            {
              db: within === 'first' ? first : second,
              collection,
              documents: documentsOf('new', fresh),
              indexes: indexed ? [{ v: 2, key: { text: 1, v: 1 }, name: 'text_1_v_1' }] : [],
            },
          ],
    ),
    10,
  );
const request = () => ({ mode: 'replace', confirm: [first, second] }) as const;

/** What the target should hold, before or after. */
function expected(side: 'old' | 'new'): Contents {
  const held = collections.flatMap(({ within, collection, old, fresh, indexed }) => {
    const isOld = side === 'old' || fresh === null;
    const count = isOld ? old : fresh;
    if (isOld && count === 0) return [];
    const indexes = indexed ? ['_id_', isOld ? 'v_1' : 'text_1_v_1'] : ['_id_'];
    return [[`${within}.${collection}`, { documents: documentsOf(isOld ? 'old' : 'new', count), indexes }] as const];
  });
  return Object.fromEntries(held);
}

/** What the target holds, without what a restore calls its own. */
async function held(): Promise<Contents> {
  const found: [string, Contents[string]][] = [];
  for (const db of [first, second]) {
    for (const { name } of await client.db(db).listCollections({}, { nameOnly: true }).toArray()) {
      if (name.startsWith('_hazina_')) continue;
      const collection = client.db(db).collection(name);
      const documents = await collection.find().sort({ _id: 1 }).toArray();
      const indexes = (await collection.indexes()).map((index) => String(index.name)).sort();
      found.push([`${nameOf(db)}.${name}`, { documents, indexes }]);
    }
  }
  return Object.fromEntries(found);
}

const ours = async (): Promise<string[]> => {
  const names = await Promise.all(
    [first, second].map((db) => client.db(db).listCollections({}, { nameOnly: true }).toArray()),
  );
  return names.flat().flatMap(({ name }) => (name.startsWith('_hazina_') ? [name] : []));
};
const planOf = (db: string) => client.db(db).collection('_hazina_restore').findOne();

/** The restore in a process of its own. */
async function run(nth: number, laterMs?: number): Promise<{ signal: string | null; commands: number }> {
  const file = join(folder, `${first}.archive`);
  writeFileSync(file, archive());
  const order: ChildOrder = {
    ...{ archive: file, request: request(), ...lease, tuning, killBefore: '.', nth },
    ...(laterMs === undefined ? {} : { laterMs }),
  };
  const child = spawn(
    process.execPath,
    [join(projectRoot, 'dist/test/support/native-load-child.js'), JSON.stringify(order)],
    { env: { PATH: process.env['PATH'], TEST_MONGODB_URI: testUri() }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [said, errors]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...ended) => resolve(ended)),
  );
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`The restore failed: ${Buffer.concat(errors).toString()}`);
  return { signal, commands: Number(Buffer.concat(said).toString()) };
}

interface PlannedEntry {
  readonly db: string;
  readonly final: string;
  readonly placement: string;
  readonly probe: string | null;
}

interface Seen {
  readonly contents: Contents;
  readonly phase: string | undefined;
  /** Names that are filled in their place. */
  readonly filled: readonly string[];
}

/** What the killed process had sent may still arrive: three looks one after the other that see the same. */
async function settled(): Promise<Seen> {
  let last: string | undefined;
  let alike = 0;
  let seen: Seen = { contents: {}, phase: undefined, filled: [] };
  const standsStill = async (): Promise<boolean> => {
    const plans = (await Promise.all([first, second].map(planOf))).filter((found) => found !== null);
    const [plan] = plans;
    const entries = plans.flatMap((one) => one['entries'] as PlannedEntry[]);
    // Whether the server takes a name with a dot is tried under a name of the plan; it is dropped with it.
    const probes = new Set(entries.map(({ db, probe }) => `${nameOf(db)}.${probe ?? ''}`));
    seen = {
      contents: Object.fromEntries(Object.entries(await held()).filter(([name]) => !probes.has(name))),
      phase: plan?.['phase'] as string | undefined,
      filled: entries.flatMap(({ db, final, placement }) => (placement === 'fill' ? [`${nameOf(db)}.${final}`] : [])),
    };
    const now = JSON.stringify([plans, seen, await ours()]);
    alike = now === last ? alike + 1 : 0;
    last = now;
    return alike === 2;
  };
  await waitUntil(standsStill, { what: 'the end of all writes', intervalMs: lookMs, timeoutMs: 120_000 });
  return seen;
}

/** Mulberry32: the same points on every machine. */
function drawing(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('F41 replace, killed at 20 points', () => {
  const draw = drawing(seed);
  const drawn = Array.from({ length: points }, (_, at) => ({
    // One point in each twentieth of the way: first commands, loading, indexes, renames, the end.
    part: (at + draw()) / points,
    laterMs: draw() < 0.5 ? undefined : Math.floor(draw() * 30),
  }));
  let commands = 0;
  const phases = new Set<string>();

  /** Beats are commands too, so a run may need fewer than the rehearsal and come to its end: then once more, a little earlier. */
  async function kill(part: number, laterMs: number | undefined): Promise<void> {
    for (let nth = Math.max(1, Math.ceil(part * commands)); nth > 0; nth = Math.floor(nth * 0.95)) {
      if ((await run(nth, laterMs)).signal === 'SIGKILL') return;
      await empty();
      await fill();
    }
    throw new Error('no run was killed');
  }

  it('F41 without a kill: everything is new, what the archive does not hold is old', async () => {
    const rehearsal = await run(Infinity);
    expect(rehearsal.signal).toBeNull();
    expect(await held()).toEqual(expected('new'));
    expect(await ours()).toEqual([]);
    commands = rehearsal.commands;
    expect(commands).toBeGreaterThan(3 * points);
  });

  it.each(drawn)('F41 killed at $part of its commands (+ $laterMs ms)', async ({ part, laterMs }) => {
    await kill(part, laterMs);
    const { contents, phase, filled } = await settled();
    phases.add(phase ?? 'none');
    const [old, fresh] = [expected('old'), expected('new')];
    for (const name of Object.keys({ ...old, ...fresh })) {
      if (phase === 'renaming' && filled.includes(name)) continue;
      // Old or new, whole; a collection that is new to the target may not be there yet.
      const sides = [old[name], fresh[name]].map((side) => JSON.stringify(side));
      expect(sides).toContain(JSON.stringify(contents[name]));
    }
    expect(Object.keys(contents).filter((name) => !(name in old) && !(name in fresh))).toEqual([]);
    // Nothing takes a name before the plan says so.
    if (phase === 'loading' || phase === 'dropping') expect(contents).toEqual(old);
    // Before there was a plan, or after it had gone.
    if (phase === undefined) expect([old, fresh]).toContainEqual(contents);

    const report = await loadArchive(archive(), request(), { ...lease, tuning });
    expect(report.outcome).toBe('restored');
    expect(await held()).toEqual(fresh);
    expect({ plans: await Promise.all([first, second].map(planOf)), ours: await ours() }).toEqual({
      ...{ plans: [null, null], ours: [] },
    });
  });

  it('F41 the kills fell before the renames and among them', () => {
    expect([...phases]).toEqual(expect.arrayContaining(['loading', 'renaming']));
  });
});
