import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import { MongoClient } from 'mongodb';
import { AppError, systemRandom, type BackupJson } from '#contracts';
import { headerBytes, rewrapHeader } from '#crypto';
import { createNativeLoadEngine } from '#engine';
import { backupSource, proveBackup, runBackup, runRestore, runVerify, silentObserver } from '#pipeline';
import { createMemoryStore, type ObjectStore } from '#storage';
import { services, uniqueDatabase } from '../services/services.js';
import { backupDeps, backupRequest, noAbort, testRing } from '../support/backup-world.js';
import { buildArchive } from '../support/build-archive.js';
import { repeatedArchive, readRepeated } from '../support/generated-archive.js';
import { loadRequest } from '../support/native-load.js';
import { mutations } from '../support/mutate.js';
import { seededRandom } from '../support/sample-data.js';

// F31 (and F30): whatever is done to a stored backup, verify notices it, and not one wrong byte is handed to a restore (I8).

const seed = Number(process.env['HAZINA_MUTATION_SEED'] ?? 20_261_130);
const count = Number(process.env['HAZINA_MUTATIONS'] ?? 10_000);
/** Every so many mutations the backup of three segments is taken, and every so many a restore goes to the real server. */
const [largeEvery, realEvery] = [50, 250];

interface Victim {
  readonly name: string;
  readonly backup: BackupJson;
  readonly archive: Buffer;
  /** Another backup of the same kind. */
  readonly other: BackupJson;
  readonly keys: readonly string[];
  /** What `verify` says of it while it is whole: the large archive holds its documents many times over. */
  readonly warnings: readonly string[];
}

let store: ObjectStore;
let small: Victim[];
let large: Victim;
let client: MongoClient;
const targets: string[] = [];

beforeAll(async () => {
  client = await MongoClient.connect(services().mongodbUri);
  store = createMemoryStore();
  small = [await makeVictim('zstd', false), await makeVictim('gzip', false), await makeVictim('zstd', true)];
  large = await makeVictim('none', true, repeatedArchive(2.5 * 2 ** 20));
}, 60_000);
afterAll(async () => {
  for (const name of targets) await client.db(name).dropDatabase();
  await client.close();
});

async function makeVictim(
  codec: 'zstd' | 'gzip' | 'none',
  rotated: boolean,
  repeated?: ReturnType<typeof repeatedArchive>,
): Promise<Victim> {
  const documents = (from: number) => Array.from({ length: 60 }, (_, at) => ({ _id: from + at, text: `visit ${at}` }));
  const archiveOf = (from: number) =>
    buildArchive([
      {
        db: 'fx_flips',
        collection: 'visits',
        documents: documents(from),
        indexes: [{ v: 2, key: { text: 1 }, name: 'text_1' }],
      },
      { db: 'fx_flips', collection: 'empty' },
    ]);
  const whole = repeated === undefined ? undefined : await buffer(readRepeated(repeated));
  const make = async (archive: Buffer) => {
    const request = backupRequest({ compression: { codec, level: undefined } });
    const { backup } = await runBackup(backupDeps(store, { archive }), request, noAbort);
    if (rotated) await addSidecars(backup);
    return backup;
  };
  const archive = whole ?? archiveOf(0);
  const backup = await make(archive);
  const other = await make(whole ?? archiveOf(1000));
  const names = [
    'backup.json',
    '1/data.hzn',
    '1/manifest.hzn',
    ...(rotated ? ['1/header.hzn', '1/manifest.header.hzn'] : []),
  ];
  const { warnings } = await verified(backup);
  return { name: `${codec}${rotated ? ' with sidecars' : ''}`, backup, archive, other, keys: names, warnings };
}

const keyOf = ({ target, backupId }: BackupJson, name: string): string => `${target}/${backupId}/${name}`;
const bytesOf = async (key: string): Promise<Buffer> => (await store.getBytes(key, 2 ** 30)).bytes;

async function addSidecars(backup: BackupJson): Promise<void> {
  const { kdfSalt } = JSON.parse((await bytesOf('hazina.json')).toString()) as { kdfSalt: string };
  for (const [object, sidecar] of [
    ['1/data.hzn', '1/header.hzn'],
    ['1/manifest.hzn', '1/manifest.header.hzn'],
  ] as const) {
    const first = (await bytesOf(keyOf(backup, object))).subarray(0, headerBytes);
    const rewrapped = await rewrapHeader(first, { from: testRing, to: testRing, kdfSalt, random: systemRandom });
    await store.putBytes(keyOf(backup, sidecar), rewrapped);
  }
}

const verified = ({ backupId }: BackupJson) =>
  runVerify({ store, ring: testRing, observer: silentObserver }, { backupId, level: 'readable' }, noAbort);

/** An error of `verify`, or a warning that it did not give before; null when it noticed nothing. */
async function verdict(victim: Victim): Promise<string | null> {
  try {
    const { warnings } = await verified(victim.backup);
    return isDeepStrictEqual(warnings, victim.warnings) ? null : 'a warning';
  } catch (error) {
    if (error instanceof AppError && error.code !== 'internal/unexpected') return error.code;
    throw error;
  }
}

/** What a restore is given: the bytes that came, and whether they ended as if all were well. */
async function given({ backup }: Victim): Promise<{ bytes: Buffer; ended: boolean }> {
  const chunks: Buffer[] = [];
  try {
    const proven = await proveBackup({ store, ring: testRing }, backup.backupId, noAbort);
    const source = backupSource({ store, ring: testRing, observer: silentObserver }, proven);
    for await (const chunk of await source.open(noAbort)) chunks.push(chunk as Buffer);
    return { bytes: Buffer.concat(chunks), ended: true };
  } catch {
    return { bytes: Buffer.concat(chunks), ended: false };
  }
}

/** Untouched, all of it is given, and restored: otherwise nothing below would prove anything. */
async function expectWhole(victim: Victim): Promise<void> {
  const { bytes, ended } = await given(victim);
  expect([victim.name, ended, bytes.equals(victim.archive)]).toEqual([victim.name, true, true]);
  if (victim === large) return;
  expect([victim.name, await restoreForReal(victim)]).toEqual([victim.name, true]);
  const target = client.db(targets.at(-1));
  expect(await target.collection('visits').countDocuments()).toBe(60);
  await target.dropDatabase();
}

async function restoreForReal(victim: Victim): Promise<boolean> {
  const target = uniqueDatabase('f31');
  targets.push(target);
  try {
    const proven = await proveBackup({ store, ring: testRing }, victim.backup.backupId, noAbort);
    const source = backupSource({ store, ring: testRing, observer: silentObserver }, proven);
    const [db = ''] = victim.backup.databases;
    const request = loadRequest({ rename: [{ from: db, to: target }], onConflict: 'keep-last' });
    await runRestore({ engine: createNativeLoadEngine(), source, observer: silentObserver }, request, noAbort);
    return true;
  } catch {
    const left = await client.db(target).listCollections({}, { nameOnly: true }).toArray();
    expect(left).toEqual([]);
    return false;
  }
}

it(`F31 ${count} mutations of stored objects (seed ${seed}): none unnoticed, none reaches a restore`, async () => {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const kinds = Object.keys(mutations);
  const tally = { mutations: 0, equal: 0, sameMeaning: 0, warnings: 0, realRestores: 0 };
  const byObject = new Map<string, number>();
  const codes = new Map<string, number>();
  const unnoticed: string[] = [];
  const leaked: string[] = [];
  for (const victim of [...small, large]) await expectWhole(victim);

  while (tally.mutations < count) {
    const victim = tally.mutations % largeEvery === 0 ? large : (small[below(small.length)] ?? large);
    const name = victim.keys[below(victim.keys.length)] ?? 'backup.json';
    const kind = kinds[below(kinds.length)] ?? 'flip';
    const key = keyOf(victim.backup, name);
    const [bytes, other] = [await bytesOf(key), await bytesOf(keyOf(victim.other, name))];
    const changed = mutations[kind]?.({ bytes, other, below }) ?? bytes;
    if (changed.equals(bytes)) {
      tally.equal += 1;
      continue;
    }
    tally.mutations += 1;
    byObject.set(name, (byObject.get(name) ?? 0) + 1);
    const what = `number ${tally.mutations}: ${kind} in ${name} (${victim.name})`;
    await store.putBytes(key, changed);
    const noticed = await verdict(victim);
    if (noticed === null) {
      if (name === 'backup.json' && saysTheSame(bytes, changed)) tally.sameMeaning += 1;
      else unnoticed.push(what);
    } else codes.set(noticed, (codes.get(noticed) ?? 0) + 1);
    const { bytes: handed, ended } = await given(victim);
    const intact = handed.equals(victim.archive.subarray(0, handed.length));
    // A damaged sidecar is passed over with a warning: then the whole and true archive is given.
    if (!intact || (ended && handed.length !== victim.archive.length)) leaked.push(what);
    if (noticed === 'a warning') {
      tally.warnings += 1;
      if (!ended) leaked.push(`${what}: verified with a warning, and not given`);
    } else if (ended && noticed !== null) leaked.push(`${what}: ended well`);
    if (noticed !== null && noticed !== 'a warning' && tally.mutations % realEvery === 0) {
      tally.realRestores += 1;
      if (await restoreForReal(victim)) leaked.push(`${what}: restored`);
    }
    await store.putBytes(key, bytes);
  }

  process.stderr.write(
    `bit flips: seed ${seed}, ${JSON.stringify({ ...tally, unnoticed: unnoticed.length, leaked: leaked.length })}, by object ${JSON.stringify(Object.fromEntries(byObject))}, verdicts ${JSON.stringify(Object.fromEntries(codes))}\n`,
  );
  expect(unnoticed).toEqual([]);
  expect(leaked).toEqual([]);
  for (const victim of [...small, large]) {
    expect(await verdict(victim)).toBeNull();
    await expectWhole(victim);
  }
  const { databases } = await client.db().admin().listDatabases({ nameOnly: true });
  expect(databases.filter(({ name }) => targets.includes(name))).toEqual([]);
}, 600_000);

/** Other bytes of JSON that mean the same: a repeated field, another blank. */
function saysTheSame(before: Buffer, after: Buffer): boolean {
  return isDeepStrictEqual(JSON.parse(before.toString()), JSON.parse(after.toString()));
}
