import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Binary } from 'mongodb';
import { CliWorld } from '../support/cli-world.js';
import { peakMemory } from '../support/peak-memory.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// Memory of the command line, whatever the size of the data (docs/decisions, 0007). These bounds are promises: a run is far enough below them that
// chance does not meet them, and data that waits somewhere without bound does (16 of the largest documents are 270 MB).

const megabyte = 1_000_000;
const largestDocument = 16 * 1024 * 1024;
const world = new CliWorld();
const ordinary = `${world.database}_ordinary`;
const large = `${world.database}_large`;

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(ordinary), 40_000);
  const scans = world.client.db(large).collection('scans');
  // Random, so that compression makes nothing smaller on the way.
  for (let index = 0; index < 16; index += 1)
    await scans.insertOne({ index, data: new Binary(randomBytes(largestDocument - 200)) });
}, 140_000);
afterAll(() => world.close(), 60_000);

it.each([
  { what: 'ordinary documents', database: ordinary, backup: 300, restore: 400 },
  { what: 'documents of 16 MB', database: large, backup: 450, restore: 400 },
])(
  '$what: backed up in less than $backup MB, restored in less than $restore',
  async ({ database, backup, restore }) => {
    const environment = {
      ...world.environment,
      MONGODB_URI: world.uri(database),
      BACKUP_TARGET_NAME: database.replaceAll('_', '-'),
    };
    expect(await peakMemory(['backup'], environment, world.folder)).toBeLessThan(backup * megabyte);

    const back = `${database}_back`;
    const latest = ['--latest', '--target', environment.BACKUP_TARGET_NAME];
    const args = ['restore', ...latest, '--to-env', 'TARGET_URI', '--rename', `${database}=${back}`];
    expect(await peakMemory(args, environment, world.folder)).toBeLessThan(restore * megabyte);
    const counts = await count(back);
    expect(counts.length).toBeGreaterThan(0);
    expect(counts).toEqual(await count(database));
  },
  180_000,
);

async function count(database: string): Promise<number[]> {
  const names = await world.collections(database);
  return Promise.all(names.map((name) => world.client.db(database).collection(name).countDocuments()));
}
