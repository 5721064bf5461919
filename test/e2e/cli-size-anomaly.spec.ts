import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { catalogWorld, type CatalogWorld } from '../support/catalog-world.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';

// hazina backup compares the size with what stands in the store, as a worker does with its records.

const world = new CliWorld();
let catalogs: CatalogWorld;
let recorded: Environment;

beforeAll(async () => {
  catalogs = await catalogWorld();
  recorded = { ...world.environment, CATALOG_MONGODB_URI: catalogs.uri.reveal() };
  await fill(10);
}, 120_000);
afterAll(async () => {
  await catalogs.close();
  await world.close();
});

/** So many documents of 1 kB that nothing compresses. */
async function fill(count: number): Promise<void> {
  const patients = world.client.db(world.database).collection('patients');
  await patients.deleteMany({});
  await patients.insertMany(Array.from({ length: count }, () => ({ noise: randomBytes(1000) })));
}

const odd = (how: string, last: number) =>
  expect.stringMatching(new RegExp(`^size: \\d+ bytes are ${how} .* the median of the last ${last}\\)`));

it('a backup ten times as large as the last ones says so, in its output and on its record', async () => {
  for (let count = 0; count < 3; count += 1) expect((await world.backup(recorded))['warnings']).toEqual([]);
  await fill(100);
  const { warnings, backupId } = await world.backup(recorded);
  expect(warnings).toEqual([odd('more than twice', 3)]);
  expect((await catalogs.catalog.backups.find(backupId))?.warnings).toEqual(warnings);
  // Another target has none to compare with.
  expect((await world.backup(recorded, '--target', 'other'))['warnings']).toEqual([]);
}, 120_000);

it('the same without a catalogue, for people', async () => {
  const run = await hazina(['backup'], world.environment);
  expect(run.code).toBe(0);
  expect(run.stderr).toMatch(/^Warning: size: \d+ bytes are more than twice .* the median of the last 4\)/m);
}, 120_000);

it('only the last seven count, whatever was usual before', async () => {
  // Four small ones stand before these, then five large ones are the median.
  for (let count = 0; count < 3; count += 1) await world.backup(world.environment);
  expect((await world.backup(world.environment))['warnings']).toEqual([]);
  await fill(10);
  expect((await world.backup(world.environment))['warnings']).toEqual([odd('less than half', 7)]);
}, 120_000);
