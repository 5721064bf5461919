/** @jest-environment <rootDir>/test/support/fault-environment.ts */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliWorld, errorOf, type Environment } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { freePort, startAuthenticatedMongodb, type AuthenticatedMongodb } from '../services/services.js';

// Each failure ends in its exit code, with a message that names cause and next step, no object left behind, and the target untouched.

const world = new CliWorld();
beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 1000);
}, 60_000);
afterAll(() => world.close());

const failing = (args: string[], environment: Environment) => world.failing(args, environment);

describe('a backup that fails', () => {
  const cases: [string, (environment: Environment) => Promise<Environment> | Environment, number, string, RegExp][] = [
    [
      'database unreachable',
      async (e) => ({ ...e, MONGODB_URI: `mongodb://127.0.0.1:${await freePort()}/x?serverSelectionTimeoutMS=500` }),
      15,
      'source/unreachable',
      /127\.0\.0\.1/,
    ],
    [
      'name of the database unknown',
      (e) => ({ ...e, MONGODB_URI: world.uri('e2e_no_such_database') }),
      15,
      'source/unknown-database',
      /e2e_no_such_database/,
    ],
    [
      'URI that is none',
      (e) => ({ ...e, MONGODB_URI: 'localhost:27017/canary-secret' }),
      3,
      'config/invalid',
      /MONGODB_URI/,
    ],
    ['no URI', ({ MONGODB_URI: _, ...e }) => e, 3, 'config/invalid', /MONGODB_URI/],
    ['no key', ({ BACKUP_ENCRYPTION_KEY: _, ...e }) => e, 13, 'keys/none-set', /key/i],
    [
      'key too short',
      (e) => ({ ...e, BACKUP_ENCRYPTION_KEY: 'too-short' }),
      3,
      'keys/refused',
      /BACKUP_ENCRYPTION_KEY/,
    ],
    [
      'bucket missing',
      async (e) => ({
        ...(await world.s3Environment()),
        S3_BACKUP_BUCKET: 'no-such-bucket-anywhere',
        MONGODB_URI: e['MONGODB_URI'] ?? '',
      }),
      14,
      'store/no-bucket',
      /no-such-bucket-anywhere/,
    ],
    [
      'access denied',
      async () => ({ ...(await world.s3Environment()), AWS_SECRET_ACCESS_KEY: 'wrong' }),
      14,
      'store/refused',
      /s3|bucket|refused/i,
    ],
    [
      'store unreachable',
      async () => ({ ...(await world.s3Environment()), S3_ENDPOINT: `http://127.0.0.1:${await freePort()}` }),
      14,
      'store/unreachable',
      /127\.0\.0\.1/,
    ],
    [
      'folder that is a file',
      (e) => ({ ...e, BACKUP_DIRECTORY: join(world.folder, 'a-file') }),
      14,
      'store/',
      /a-file/,
    ],
    [
      'engine mongodump without mongodump',
      (e) => ({ ...e, BACKUP_ENGINE: 'mongodump', PATH: '/nonexistent' }),
      10,
      'engine/not-found',
      /mongodump/,
    ],
  ];

  beforeAll(() => writeFileSync(join(world.folder, 'a-file'), ''));

  it.each(cases)(
    '%s',
    async (_name, change, exitCode, code, message) => {
      const error = await failing(['backup'], await change(world.environment));
      expect(error).toMatchObject({ exitCode, code: expect.stringContaining(code) as unknown });
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain('canary-secret');
      expect(world.storedFiles()).toEqual([]);
    },
    60_000,
  );

  it.each([
    [['backup', '--engine', 'pigeon'], 2],
    [['backup', '--no-such-option'], 2],
    [['frobnicate'], 2],
    [['verify'], 2],
    [['verify', 'not-an-id'], 2],
    [['show', 'clinic-20260101T000000Z-aaaaaa'], 2],
    [['restore', '--latest', '--to-env', 'NOT_SET_ANYWHERE'], 3],
    [['restore', 'clinic-20260101T000000Z-aaaaaa'], 2],
  ])('arguments %j: exit code %i', async (args, exitCode) => {
    expect(await failing(args, world.environment)).toMatchObject({ exitCode });
  });
});

describe('a server that demands a password', () => {
  let server: AuthenticatedMongodb;
  beforeAll(async () => {
    server = await startAuthenticatedMongodb();
  }, 60_000);
  afterAll(() => server.stop());

  it.each(['wrong password', 'no password'])(
    '%s: refused, and the password appears nowhere',
    async (how) => {
      const wrong = new URL(server.uri);
      wrong.password = 'canary-password';
      wrong.pathname = `/${world.database}`;
      const uri = how === 'no password' ? server.anonymousUri : wrong.toString();
      const run = await hazina(['backup', '--json'], { ...world.environment, MONGODB_URI: uri });
      expect(errorOf(run.stderr)).toMatchObject({ exitCode: 15, code: 'source/refused' });
      expect(run.stderr + run.stdout).not.toMatch(/canary-password/);
      expect(world.storedFiles()).toEqual([]);
    },
    60_000,
  );

  it('the right password: a backup', async () => {
    const uri = new URL(server.uri);
    uri.pathname = `/${world.database}`;
    const environment = {
      ...world.environment,
      MONGODB_URI: uri.toString(),
      BACKUP_DIRECTORY: join(world.folder, 'auth'),
    };
    expect(await world.backup(environment, '--verify')).toMatchObject({ totals: { documents: 1000 } });
  }, 60_000);
});

describe('an empty server', () => {
  it('F38 is a valid backup with a warning when a selection of existing databases holds nothing', async () => {
    const database = `${world.database}_empty`;
    await world.client.db(database).createCollection('nothing');
    const environment = {
      ...world.environment,
      MONGODB_URI: world.uri(database),
      BACKUP_DIRECTORY: join(world.folder, 'empty'),
    };
    const backup = await world.backup(environment, '--verify');
    const warnings = [expect.stringMatching(/^empty: there is no document .*\(collections: 1\)$/)] as unknown;
    expect(backup).toMatchObject({ totals: { documents: 0, collections: 1 }, warnings });
  });
});

describe('a restore that is refused', () => {
  const environment = (): Environment => ({ ...world.environment, BACKUP_DIRECTORY: join(world.folder, 'refused') });
  let backupId: string;
  beforeAll(async () => {
    ({ backupId } = await world.backup(environment()));
  }, 60_000);

  it('F41 a target that is not empty: 16, nothing changed; --replace needs the typed name', async () => {
    const target = `${world.database}_full`;
    await world.client.db(target).collection('visits').insertOne({ precious: true });
    const args = ['restore', backupId, '--to-env', 'TARGET_URI', '--rename', `${world.database}=${target}`];
    expect(await failing(args, environment())).toMatchObject({ exitCode: 16, code: 'target/not-empty' });
    expect(await failing([...args, '--replace'], environment())).toMatchObject({
      exitCode: 16,
      code: 'restore/confirmation-needed',
    });
    expect(await failing([...args, '--replace', '--confirm', 'another'], environment())).toMatchObject({
      exitCode: 16,
    });
    expect(await world.collections(target)).toEqual(['visits']);
    expect(await world.client.db(target).collection('visits').countDocuments({ precious: true })).toBe(1);
    expect(await hazina([...args, '--replace', '--confirm', target], environment())).toMatchObject({ code: 0 });
    expect(await world.client.db(target).collection('visits').countDocuments({ precious: true })).toBe(0);
    expect(await world.collections(target)).toEqual(['audit', 'labs', 'patients', 'visits']);
  }, 60_000);

  it('F41 what --replace replaces is backed up first, and that backup brings it back', async () => {
    const target = `${world.database}_precious`;
    const visits = world.client.db(target).collection('visits');
    await visits.insertMany([{ precious: 1 }, { precious: 2 }]);
    await world.client.db(target).collection('other').insertOne({ a: 1 });
    const store = { ...world.environment, BACKUP_DIRECTORY: join(world.folder, 'secured') };
    const { backupId: made } = await world.backup(store);
    const args = [made, '--to-env', 'TARGET_URI', '--rename', `${world.database}=${target}`];
    const replacing = ['--replace', '--confirm', target, '--json'];
    const run = await hazina(['restore', ...args, ...replacing], store);
    expect(run).toMatchObject({ code: 0 });
    const { safetyBackupId, warnings } = JSON.parse(run.stdout) as { safetyBackupId: string; warnings: string[] };
    expect(safetyBackupId).toMatch(/^safety-target-uri-/);
    expect(warnings.join()).toContain(`what was replaced is in the backup ${safetyBackupId}`);
    const shown = JSON.parse((await hazina(['show', safetyBackupId, '--json'], store)).stdout) as object;
    expect(shown).toMatchObject({
      trigger: 'safety',
      target: 'safety-target-uri',
      label: `before a restore of ${made}`,
    });
    // It is a part of something, and never "the latest" of the store.
    expect((await hazina(['verify', '--latest'], store)).stdout).toContain(made);

    const back = ['restore', safetyBackupId, '--to-env', 'TARGET_URI', '--replace', '--confirm', target];
    expect(await hazina([...back, '--no-safety-backup'], store)).toMatchObject({ code: 0 });
    expect(await visits.countDocuments({ precious: { $gt: 0 } })).toBe(2);
    const listed = JSON.parse((await hazina(['list', '--json'], store)).stdout) as { backups: { backupId: string }[] };
    expect(listed.backups.map(({ backupId: id }) => id).sort()).toEqual([made, safetyBackupId].sort());
  }, 180_000);

  it('F41 what cannot be backed up is not replaced', async () => {
    const target = `${world.database}_unsecured`;
    await world.client.db(target).collection('visits').insertOne({ precious: true });
    const archive = join(world.folder, 'unsecured.archive');
    expect(await hazina(['extract', backupId, '-o', archive], environment())).toMatchObject({ code: 0 });
    // A file in the place of the store's folder.
    const args = ['restore', archive, '--to-env', 'TARGET_URI', '--rename', `${world.database}=${target}`];
    const error = await failing([...args, '--replace', '--confirm', target], {
      ...environment(),
      BACKUP_DIRECTORY: archive,
    });
    expect(error).toMatchObject({ exitCode: 14 });
    expect(error.hint).toContain('--no-safety-backup');
    expect(await world.collections(target)).toEqual(['visits']);
    expect(await world.client.db(target).collection('visits').countDocuments({ precious: true })).toBe(1);
  }, 180_000);

  it('an unreachable target: 15', async () => {
    const target = {
      ...environment(),
      TARGET_URI: `mongodb://127.0.0.1:${await freePort()}/?serverSelectionTimeoutMS=500`,
    };
    expect(await failing(['restore', backupId, '--to-env', 'TARGET_URI'], target)).toMatchObject({
      exitCode: 15,
      code: 'target/unreachable',
    });
  }, 60_000);
});
