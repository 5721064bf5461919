import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from '../services/services.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// F33: keys that are wrong, missing after a rotation, or corrupted (I8, I11).

const patience = 60_000;
const world = new CliWorld();
const newKey = `hex:${randomBytes(32).toString('hex')}`;
let proxy: S3Proxy;
let environment: Environment;
let backup: { backupId: string; keyIds: string[]; objects: { data: { key: string } } };
const restore = () => ['restore', backup.backupId, '--to-env', 'TARGET_URI', '--rename', `${world.database}=${target}`];
const target = `${world.database}_f33`;

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 500);
  proxy = await startS3Proxy(services().s3.endpoint);
  environment = { ...(await world.s3Environment()), S3_ENDPOINT: proxy.endpoint };
  backup = (await world.backup(environment)) as unknown as typeof backup;
}, patience);
afterEach(async () => {
  expect(await world.collections(target)).toEqual([]);
  expect(world.leftovers()).toEqual([]);
});
afterAll(async () => {
  await proxy.close();
  await world.close();
});

/** Reads of the data beyond its header. */
const downloads = () =>
  proxy.requests.filter(
    ({ operation, key, range }) => operation === 'GetObject' && key.endsWith('data.hzn') && range !== 'bytes=0-4095',
  );

it(
  'F33 the old key is missing after a rotation: its id is named, nothing is downloaded, and new backups go on',
  async () => {
    const rotated = { ...environment, BACKUP_ENCRYPTION_KEY: newKey };
    const before = downloads().length;
    for (const args of [restore(), ['verify', backup.backupId]]) {
      const error = await world.failing(args, rotated);
      expect(error).toMatchObject({ code: 'container/no-key', exitCode: 13 });
      expect(error.message).toContain(backup.keyIds[0]);
    }
    expect(downloads()).toHaveLength(before);

    const next = await world.backup(rotated, '--verify');
    expect(next['keyIds']).not.toEqual(backup.keyIds);
    const both = { ...rotated, BACKUP_ENCRYPTION_KEYS_RETIRED: world.key };
    expect(await hazina(['verify', '--all'], both)).toMatchObject({ code: 0 });
  },
  patience,
);

it.each([
  [
    'one character changed',
    (key: string) => key.slice(0, -1) + (key.endsWith('0') ? '1' : '0'),
    13,
    'container/no-key',
  ],
  ['cut', (key: string) => key.slice(0, -10), 3, 'keys/refused'],
  ['empty', () => '', 3, /config|keys/],
  ['bytes that are no text', () => Buffer.from([0xff, 0xfe, 0, 1]).toString('latin1'), 3, 'keys/refused'],
] as const)(
  'F33 a corrupted key file (%s): refused, and no key is shown',
  async (_name, change, exitCode, code) => {
    const file = join(world.folder, 'backup.key');
    writeFileSync(file, change(world.key));
    const { BACKUP_ENCRYPTION_KEY: _, ...rest } = environment;
    const error = await world.failing(restore(), { ...rest, BACKUP_ENCRYPTION_KEY_FILE: file });
    expect(error.exitCode).toBe(exitCode);
    if (typeof code === 'string') expect(error.code).toBe(code);
    else expect(error.code).toMatch(code);
    expect(error.message + (error.hint ?? '')).not.toContain(world.key.slice(4, 20));
  },
  patience,
);

it(
  'F33 a bit of the wrapped key flipped: the message names both causes, and nothing reaches the target',
  async () => {
    const directory = { ...world.environment, BACKUP_DIRECTORY: join(world.folder, 'flipped') };
    const { backupId } = await world.backup(directory);
    const file = join(world.folder, 'flipped/clinic', backupId, '1/manifest.hzn');
    const bytes = readFileSync(file);
    const at = bytes.indexOf('"wrapped":"') + 20;
    // Another character of base64.
    bytes[at] = bytes[at] === 0x41 ? 0x42 : 0x41;
    writeFileSync(file, bytes);
    const args = ['restore', backupId, '--to-env', 'TARGET_URI', '--rename', `${world.database}=${target}`];
    const error = await world.failing(args, directory);
    expect(error).toMatchObject({ code: 'container/wrong-key', exitCode: 13 });
    expect(error.message).toMatch(/wrong key, or a damaged header/);
  },
  patience,
);
