import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { newBackupId, Secret, systemRandom } from '#contracts';
import { keyRingOf, type KeyRing } from '#crypto';
import { proveBackup, runBackup } from '#pipeline';
import { createStore, type ObjectStore } from '#storage';
import { services } from '../services/services.js';
import { backupDeps, backupRequest, noAbort } from '../support/backup-world.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { pause } from '../support/pace.js';
import { hazina, spawnHazina } from '../support/run-hazina.js';

// A rotation that is killed (kill -9) at random points. Every backup opens at every moment with the keys then configured (I8, I11).

const many = Number(process.env['TEST_ROTATION_BACKUPS'] ?? 200);
const wantedKills = 20;
const patience = 1_800_000;
const archive = readFileSync(new URL('../fixtures/archives/multi.archive', import.meta.url));
const seed = Number(process.env['TEST_SEED'] ?? 20_261_126);

const world = new CliWorld();
let store: ObjectStore;
afterEach(() => store.close());
afterAll(() => world.close());

const newKey = () => `hex:${randomBytes(32).toString('hex')}`;
const ringOf = (current: string, ...retired: string[]): KeyRing => {
  const given = (text: string) => ({ variable: 'KEY', text: new Secret(text) });
  return keyRingOf({ current: given(current), retired: retired.map(given) }, () => undefined);
};

/** The same numbers for a seed (mulberry32). */
function numbers(state: number): (below: number) => number {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

async function atOnce<T>(width: number, items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const lane = async () => {
    for (const item of waiting) await act(item);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

async function makeBackups(key: string): Promise<string[]> {
  const ring = ringOf(key);
  const ids = Array.from({ length: many }, (_, index) =>
    newBackupId('clinic', new Date(Date.UTC(2026, 0, 1, index)), systemRandom),
  );
  const deps = { ...backupDeps(store, { archive }), ring };
  const [first, ...others] = ids;
  // The first one makes the store's identity.
  const make = async (backupId: string) => {
    const engine = backupDeps(store, { archive }).engine;
    await runBackup({ ...deps, engine }, backupRequest({ backupId }), noAbort);
  };
  await make(first ?? '');
  await atOnce(8, others, make);
  return ids;
}

/**
 * Opens backups with the keys of the moment, from the bytes that lie in the store. A rotation writes sidecars and nothing else, so what opened with these
 * very sidecars and these keys need not be opened again.
 */
class Looker {
  readonly #opened = new Map<string, string>();
  looks = 0;

  async open(backupId: string, ring: KeyRing, rotation: number): Promise<void> {
    const seen = `${rotation} ${await this.#sidecars(backupId)}`;
    this.looks += 1;
    if (this.#opened.get(backupId) === seen) return;
    await proveBackup({ store, ring }, backupId, noAbort);
    // Was one written meanwhile, the next look opens the backup again.
    this.#opened.set(backupId, seen);
  }

  /** Which versions of the sidecars lie there. */
  async #sidecars(backupId: string): Promise<string> {
    const heads = ['header.hzn', 'manifest.header.hzn'].map((name) => store.head(`clinic/${backupId}/1/${name}`));
    return (await Promise.all(heads)).map((head) => head?.etag ?? 'none').join(' ');
  }
}

/**
 * Looks at backups in an endless random order, until it is told to end. Fails with the first that does not open. Rests twice as long as a look took: what is
 * watched needs the machine, the more the busier it is.
 */
function watch(look: (random: number) => Promise<void>, below: (most: number) => number) {
  const ended = new AbortController();
  const done = (async () => {
    while (!ended.signal.aborted) {
      const began = performance.now();
      await look(below(many));
      await pause(2 * (performance.now() - began), ended.signal);
    }
  })();
  // It is awaited at the end; until then a failure waits.
  done.catch(() => undefined);
  return async (): Promise<void> => {
    ended.abort();
    await done;
  };
}

/** Runs the command and kills it a little after so many backups were rotated. True: killed; false: it had come to its end. */
async function rotateAndKill(environment: Environment, afterBackups: number, laterMs: number): Promise<boolean> {
  const child = spawnHazina(['keys', 'rotate'], { environment, stdio: 'pipe' });
  const closed = once(child, 'close');
  if (child.stdout === null || child.stderr === null) throw new Error('no output');
  child.stderr.resume();
  let rotated = 0;
  const kill = async () => {
    await pause(laterMs);
    child.kill('SIGKILL');
  };
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith('rotated ') && ++rotated === afterBackups) void kill();
  const [code, signal] = (await closed) as [number | null, string | null];
  if (signal !== 'SIGKILL') expect(code).toBe(0);
  return signal === 'SIGKILL';
}

async function killAgainAndAgain(base: Environment): Promise<Record<string, number>> {
  const below = numbers(seed);
  let [current, retired] = [newKey(), world.key];
  const ids = await makeBackups(retired);
  const environment = () => ({
    ...base,
    BACKUP_ENCRYPTION_KEY: current,
    BACKUP_ENCRYPTION_KEYS_RETIRED: retired,
  });
  let ring = ringOf(current, retired);
  const looker = new Looker();
  let [kills, rotations] = [0, 0];
  // A look belongs to the keys that were configured when it began.
  const endWatch = watch((index) => looker.open(ids[index] ?? '', ring, rotations), numbers(seed + 1));
  while (kills < wantedKills) {
    const killed = await rotateAndKill(environment(), 1 + below(5), below(60));
    await atOnce(16, ids, (id) => looker.open(id, ring, rotations));
    if (killed) kills += 1;
    else {
      // This rotation is over: the retired key may go, and the next one begins.
      rotations += 1;
      [retired, current] = [current, newKey()];
      ring = ringOf(current, retired);
    }
  }
  const last = await hazina(['keys', 'rotate', '--json'], environment());
  expect({ code: last.code, stderr: last.stderr }).toEqual({ code: 0, stderr: '' });
  const report = JSON.parse(last.stdout) as { keyIds: string[]; results: { outcome: string; after: string[] }[] };
  expect(report.results).toHaveLength(many);
  const outcomes = report.results.map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome !== 'rotated' && outcome !== 'current')).toEqual([]);
  await endWatch();
  const alone: Environment = { ...environment() };
  delete alone['BACKUP_ENCRYPTION_KEYS_RETIRED'];
  const verified = await hazina(['verify', '--all'], alone);
  expect({ code: verified.code, stderr: verified.stderr }).toEqual({ code: 0, stderr: '' });
  expect(verified.stdout.match(/^ok /gm)).toHaveLength(many);
  const found = {
    kills,
    rotations,
    looks: looker.looks,
    leftToRotate: outcomes.filter((outcome) => outcome === 'rotated').length,
  };
  process.stderr.write(`${JSON.stringify(found)}\n`);
  return found;
}

describe(`${many} backups, and a rotation that is killed ${wantedKills} times`, () => {
  it(
    'in a directory',
    async () => {
      const environment = world.environment;
      store = await createStore({ kind: 'directory', directory: environment['BACKUP_DIRECTORY'] ?? '' });
      const found = await killAgainAndAgain(environment);
      expect(found).toMatchObject({ kills: wantedKills });
      expect(found['looks']).toBeGreaterThan(many);
      expect(world.leftovers()).toEqual([]);
    },
    patience,
  );

  it(
    'in a bucket',
    async () => {
      const environment = await world.s3Environment();
      const { endpoint, accessKeyId, secretAccessKey, region } = services().s3;
      store = await createStore({
        kind: 's3',
        bucket: environment['S3_BACKUP_BUCKET'] ?? '',
        prefix: 'mongodb-backups/',
        ...{ endpoint, region, forcePathStyle: true, sse: 'none', checksums: 'auto', uploadConcurrency: 4 },
        credentials: { accessKeyId: new Secret(accessKeyId), secretAccessKey: new Secret(secretAccessKey) },
      });
      const found = await killAgainAndAgain(environment);
      expect(found).toMatchObject({ kills: wantedKills });
      expect(found['looks']).toBeGreaterThan(many);
    },
    patience,
  );
});
