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
    expect(backup).toMatchObject({ totals: { documents: 0, collections: 1 } });
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
