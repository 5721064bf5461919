import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openCatalog } from '#catalog';
import { Secret, systemClock, systemRandom, type Finding } from '#contracts';
import { uniqueDatabase, waitUntil } from '../services/services.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { startFakeMongod } from '../support/fake-mongod.js';
import { startRedisServer, type TestRedis } from '../support/redis-server.js';
import { runDoctor, type DoctorReport } from '../support/run-doctor.js';
import { hazina, spawnHazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// hazina doctor, as an operator uses it: a sound installation, and one that is ill in each place.

const patience = 300_000;
const world = new CliWorld();
const catalogue = `${world.database}_catalog`;
const otherKey = `hex:${randomBytes(32).toString('hex')}`;
const canary = 'S3CR3T-canary';
let redis: TestRedis;
let backup: { backupId: string; keyIds: string[] };
const cli: Environment = world.environment;
const service = (): Environment => ({ ...cli, CATALOG_MONGODB_URI: world.uri(catalogue), REDIS_URL: redis.url });

const doctor = (environment: Environment, ...more: string[]): Promise<DoctorReport> =>
  runDoctor(environment, [world.key.slice(4), otherKey.slice(4), canary], ...more);
const errors = ({ findings }: DoctorReport) =>
  findings.filter(({ status }) => status === 'error').map(({ name }) => name);

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 300);
  redis = await startRedisServer();
  const uri = new Secret(world.uri(catalogue));
  await (await openCatalog({ uri, clock: systemClock, random: systemRandom })).close();
  backup = (await world.backup(cli)) as unknown as typeof backup;
}, patience);
afterAll(async () => {
  await redis.close();
  await world.close();
});

describe('hazina doctor', () => {
  it(
    'a sound installation: exit 0, every part was looked at, and nothing is left behind',
    async () => {
      const before = world.storedFiles();
      const restores = {
        RESTORE_TARGETS: 'staging',
        RESTORE_TARGET_STAGING_URI: world.uri('admin'),
        RESTORE_TARGET_STAGING_SCRATCH: 'true',
      };
      const report = await doctor({ ...service(), ...restores });
      expect([report.code, errors(report)]).toEqual([0, []]);
      expect(report.findings.map(({ name, status }) => [name, status])).toEqual([
        ['configuration', 'ok'],
        ['keys', 'ok'],
        ['store', 'ok'],
        ['clock of the store', 'ok'],
        ['disk of the store', 'ok'],
        ['backups open', 'ok'],
        ['store identity', 'ok'],
        ['source clinic', 'ok'],
        // The server of the tests tells no privileges and has no snapshots, and nothing else is claimed.
        ['rights clinic', expect.stringMatching(/skipped|ok|warning/)],
        ['topology clinic', expect.stringMatching(/warning|ok/)],
        ['clock of clinic', 'ok'],
        ['restore target staging', 'ok'],
        ['mongodump', expect.stringMatching(/skipped|ok/)],
        ['mongorestore', expect.stringMatching(/skipped|ok/)],
        ['catalogue', 'ok'],
        ['catalogue indexes', 'ok'],
        ['clock of the catalogue', 'ok'],
        ['redis', 'ok'],
        ['redis eviction', 'ok'],
        ['redis persistence', 'ok'],
        ['memory', 'ok'],
        ['temporary folder', 'ok'],
      ]);
      expect(report.finding('backups open')?.detail).toBe('all 1 kept backups open with the keys at hand');
      expect(report.finding('keys')?.detail).toBe(`${String(backup.keyIds[0])} (hex, active)`);
      expect(report.finding('source clinic')?.detail).toContain(`limits the backup to ${world.database}`);
      expect(world.storedFiles()).toEqual(before);
      expect(world.leftovers()).toEqual([]);
    },
    patience,
  );

  it(
    'for people, on a new bucket: one line each, with the next step below what needs one',
    async () => {
      const bucket = await world.s3Environment();
      const { code, stdout, stderr } = await hazina(['doctor', '--timeout', '60'], bucket);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^ok {7}keys +[0-9a-f]{16} \(hex, active\)$/m);
      expect(stdout).toMatch(/^skipped {2}redis +CATALOG_MONGODB_URI is not set/m);
      expect(stdout).toMatch(/^ok {7}store +s3:\/\/.*put, head, get, get a range, list, multipart/m);
      expect(stdout).toMatch(/^ok {7}clock of the store +\d+ s apart$/m);
      expect(stdout).toMatch(/^skipped {2}disk of the store /m);
      expect(stdout).toMatch(/^skipped {2}backups open +there is no backup yet\n {9}→ Make one: hazina backup$/m);
      expect(await world.bucketContents(bucket)).toEqual([]);
    },
    patience,
  );

  it(
    'a wrong key: exit 13, and the backup that it does not open is named',
    async () => {
      const report = await doctor({ ...cli, BACKUP_ENCRYPTION_KEY: otherKey });
      expect([report.code, errors(report)]).toEqual([13, ['backups open']]);
      expect(report.finding('backups open')).toMatchObject({ code: 'container/no-key' });
      expect(report.finding('backups open')?.detail).toContain(backup.keyIds[0]);
      const none = await doctor({ ...cli, BACKUP_ENCRYPTION_KEY: '' });
      expect([none.code, errors(none)]).toEqual([13, ['keys']]);
      const cut = await doctor({ ...cli, BACKUP_ENCRYPTION_KEY: world.key.slice(0, 40) });
      expect([cut.code, errors(cut)]).toEqual([3, ['keys']]);
    },
    patience,
  );

  it(
    'a Redis that may throw jobs away, and keeps nothing: exit 1, and what to set',
    async () => {
      const evicting = await startRedisServer(['--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no']);
      try {
        const report = await doctor({ ...service(), REDIS_URL: evicting.url });
        expect([report.code, errors(report)]).toEqual([1, ['redis eviction']]);
        expect(report.error).toMatchObject({ code: 'queue/evicts', hint: 'Set maxmemory-policy to noeviction' });
        expect(report.finding('redis persistence')).toMatchObject({ status: 'warning' });
      } finally {
        await evicting.close();
      }
    },
    patience,
  );

  it(
    'everything outside is down: each is told with its reason, and the first cause gives the exit code',
    async () => {
      const { BACKUP_DIRECTORY: _, ...rest } = service();
      const environment = {
        ...rest,
        S3_BACKUP_BUCKET: 'b',
        S3_ENDPOINT: 'http://127.0.0.1:1',
        AWS_ACCESS_KEY_ID: 'a',
        AWS_SECRET_ACCESS_KEY: canary,
        MONGODB_URI: `mongodb://hazina:${canary}@127.0.0.1:1/clinic?serverSelectionTimeoutMS=500`,
        CATALOG_MONGODB_URI: `mongodb://hazina:${canary}@127.0.0.1:1/x?serverSelectionTimeoutMS=500`,
        REDIS_URL: `redis://:${canary}@127.0.0.1:1`,
      };
      // The store's client tries for most of a minute.
      const report = await doctor(environment, '--timeout', '10');
      expect(report.code).toBe(14);
      expect(errors(report)).toEqual([
        'store put',
        'store identity',
        'backups open',
        'source clinic',
        'catalogue',
        'redis',
      ]);
      expect(report.finding('source clinic')).toMatchObject({ code: 'source/unreachable' });
      expect(report.finding('catalogue')).toMatchObject({ code: 'catalog/unavailable' });
      expect(report.finding('redis')).toMatchObject({ code: 'queue/unavailable' });
      expect(report.finding('memory')).toMatchObject({ status: 'ok' });
    },
    patience,
  );

  it(
    'MongoDB down: exit 15; Redis down as well gives way to it',
    async () => {
      const gone = 'mongodb://127.0.0.1:1/clinic?serverSelectionTimeoutMS=500';
      const report = await doctor({ ...service(), MONGODB_URI: gone, REDIS_URL: 'redis://127.0.0.1:1' });
      expect([report.code, errors(report)]).toEqual([15, ['source clinic', 'redis']]);
      expect(report.error?.message).toContain('source clinic, redis');
    },
    patience,
  );

  it(
    'a server that says nothing is late, and everything else is told',
    async () => {
      const silent = await startFakeMongod({ collections: [], answer: () => 'silence' });
      try {
        const { code, stdout } = await hazina(['doctor', '--json', '--timeout', '3'], {
          ...cli,
          MONGODB_URI: `${silent.uri}clinic`,
        });
        const { findings } = JSON.parse(stdout) as { findings: Finding[] };
        expect(code).toBe(15);
        expect(findings.find(({ name }) => name === 'source clinic')).toMatchObject({ code: 'source/unreachable' });
        expect(findings.find(({ name }) => name === 'keys')).toMatchObject({ status: 'ok' });
      } finally {
        await silent.close();
      }
    },
    patience,
  );

  it(
    'Ctrl-C ends it: exit 130, and no probe is left in the store',
    async () => {
      const silent = await startFakeMongod({ collections: [], answer: () => 'silence' });
      try {
        const before = world.storedFiles();
        const environment = { ...cli, MONGODB_URI: `${silent.uri}clinic` };
        const child = spawnHazina(['doctor', '--timeout', '300'], { environment, stdio: 'pipe' });
        const closed = once(child, 'close');
        await waitUntil(() => silent.commands.length > 0, { what: 'the look at the server', timeoutMs: patience });
        child.kill('SIGINT');
        expect((await closed)[0]).toBe(130);
        expect(world.storedFiles()).toEqual(before);
      } finally {
        await silent.close();
      }
    },
    patience,
  );

  it(
    'a user with too few rights, and one with too many',
    async () => {
      const privileges: object[] = [];
      const clinic = { db: 'clinic', name: 'patients', batches: [[{ _id: 1 }]] };
      const server = await startFakeMongod({
        collections: [clinic],
        answer: (command) =>
          'connectionStatus' in command
            ? {
                authInfo: {
                  authenticatedUsers: [{ user: 'hazina', db: 'admin' }],
                  authenticatedUserRoles: [{ role: 'custom', db: 'admin' }],
                  authenticatedUserPrivileges: privileges,
                },
              }
            : undefined,
      });
      try {
        const few = await doctor({ ...cli, MONGODB_URI: `${server.uri}clinic` });
        expect([few.code, errors(few)]).toEqual([15, ['rights clinic']]);
        expect(few.finding('rights clinic')?.detail).toContain('read clinic (find, listCollections, listIndexes)');
        privileges.push({ resource: { anyResource: true }, actions: ['anyAction'] });
        const many = await doctor({ ...cli, MONGODB_URI: `${server.uri}clinic` });
        expect(many.code).toBe(0);
        expect(many.finding('rights clinic')).toMatchObject({ status: 'warning' });
      } finally {
        await server.close();
      }
    },
    patience,
  );

  it(
    'a wrong configuration: all of it at once, exit 3, and the looks that can be made are made',
    async () => {
      const report = await doctor({
        ...service(),
        BACKUP_COMPRESSION: 'lzma',
        BACKUP_SCHEDULE: 'never',
        JWT_SECRET: canary,
      });
      expect([report.code, errors(report)]).toEqual([3, ['configuration']]);
      for (const name of ['BACKUP_COMPRESSION', 'BACKUP_SCHEDULE', 'JWT_SECRET'])
        expect(report.finding('configuration')?.detail).toContain(name);
      expect(report.finding('redis eviction')).toMatchObject({ status: 'ok' });
    },
    patience,
  );

  it(
    'a catalogue of another store, and one that has lost an index',
    async () => {
      const database = `${world.database}_other`;
      const uri = new Secret(world.uri(database));
      const other = await openCatalog({ uri, clock: systemClock, random: systemRandom });
      await other.settings.bindStore('f'.repeat(32));
      await other.close();
      const backups = world.client.db(database).collection('backups');
      const [lost] = (await backups.indexes()).filter(({ key }) => 'slot' in key);
      await backups.dropIndex(String(lost?.name));
      const report = await doctor({ ...service(), CATALOG_MONGODB_URI: uri.reveal() });
      expect([report.code, errors(report)]).toEqual([14, ['store identity']]);
      expect(report.finding('store identity')).toMatchObject({ code: 'store/changed' });
      expect(report.finding('catalogue indexes')).toMatchObject({
        status: 'warning',
        detail: 'missing: backups: {target: 1, slot: 1} unique',
      });
      const nowhere = await doctor({ ...service(), CATALOG_MONGODB_URI: world.uri(uniqueDatabase('none')) });
      expect(nowhere.finding('catalogue')).toMatchObject({ status: 'warning' });
    },
    patience,
  );
});
