import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { runDoctor } from '../support/run-doctor.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// hazina keys check and keys list, as an operator uses them.

const patience = 300_000;
const world = new CliWorld();
const otherKey = `hex:${randomBytes(32).toString('hex')}`;
const canary = 'S3CR3T-canary';
let backup: { backupId: string; keyIds: string[] };
const cli: Environment = world.environment;

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 300);
  backup = (await world.backup(cli)) as unknown as typeof backup;
}, patience);
afterAll(() => world.close());

describe('hazina keys', () => {
  it(
    'list: ids, forms and states, never a key',
    async () => {
      const keys = { ...cli, BACKUP_ENCRYPTION_KEYS_RETIRED: `${otherKey}\npass:${canary}-and-more` };
      const { code, stdout, stderr } = await hazina(['keys', 'list', '--json'], keys);
      expect([code, stderr]).toEqual([0, '']);
      expect(JSON.parse(stdout)).toEqual({
        keys: [
          { keyId: backup.keyIds[0], form: 'hex', state: 'active', variable: 'BACKUP_ENCRYPTION_KEY' },
          {
            ...{ keyId: expect.stringMatching(/^[0-9a-f]{16}$/), form: 'hex', state: 'retired' },
            variable: 'BACKUP_ENCRYPTION_KEYS_RETIRED, line 1',
          },
          {
            ...{ keyId: expect.stringMatching(/^[0-9a-f]{16}$/), form: 'passphrase', state: 'retired' },
            variable: 'BACKUP_ENCRYPTION_KEYS_RETIRED, line 2',
          },
        ],
      });
      expect(stdout).not.toContain(canary);
      expect(stdout).not.toContain(otherKey.slice(4));
      expect(await world.failing(['keys', 'list'], { ...cli, BACKUP_ENCRYPTION_KEY: '' })).toMatchObject({
        exitCode: 13,
      });
    },
    patience,
  );

  it(
    'of several lines in one variable seal nothing: what was sealed with them is all that they open',
    async () => {
      const lines = { ...cli, BACKUP_ENCRYPTION_KEY: `${world.key.slice(4)}\n${otherKey.slice(4)}` };
      const before = world.storedFiles();
      const error = await world.failing(['backup', '--target', 'clinic'], lines);
      expect(error).toMatchObject({ code: 'keys/refused', exitCode: 3 });
      expect(error.hint).toContain('BACKUP_ENCRYPTION_KEYS_RETIRED');
      expect(world.storedFiles()).toEqual(before);
      const listed = await hazina(['keys', 'list'], lines);
      expect([listed.code, listed.stdout.trim().split(/\s+/).slice(-3)]).toEqual([
        0,
        ['passphrase', 'retired', 'BACKUP_ENCRYPTION_KEY'],
      ]);
      expect(listed.stderr).toContain('opens what was sealed with it, and seals nothing new');
    },
    patience,
  );

  it(
    'check: after a rotation by hand the old backup needs the retired key; a damaged one is 11, and 13 wins',
    async () => {
      const directory = { ...cli, BACKUP_DIRECTORY: join(world.folder, 'rotated') };
      const old = await world.backup(directory);
      const rotated = { ...directory, BACKUP_ENCRYPTION_KEY: otherKey };
      const young = await world.backup(rotated);
      const both = { ...rotated, BACKUP_ENCRYPTION_KEYS_RETIRED: world.key };

      const good = await hazina(['keys', 'check', '--json'], both);
      expect(good).toMatchObject({ code: 0, stderr: '' });
      const results = (JSON.parse(good.stdout) as { results: { backupId: string; ok: boolean }[] }).results;
      expect(results.map(({ backupId, ok }) => [backupId, ok])).toEqual([
        [young.backupId, true],
        [old.backupId, true],
      ]);

      const closed = await hazina(['keys', 'check'], rotated);
      expect(closed.code).toBe(13);
      expect(closed.stdout).toMatch(new RegExp(`^ok +${young.backupId}`, 'm'));
      expect(closed.stdout).toMatch(new RegExp(`^FAILED +${old.backupId} .*container/no-key`, 'm'));

      const file = join(directory.BACKUP_DIRECTORY, 'clinic', young.backupId, '1/manifest.hzn');
      const bytes = readFileSync(file);
      bytes[4090] = (bytes[4090] ?? 0) ^ 1;
      writeFileSync(file, bytes);
      expect(await world.failing(['keys', 'check'], both)).toMatchObject({
        exitCode: 11,
        code: 'container/bad-header',
      });
      expect(await world.failing(['keys', 'check'], rotated)).toMatchObject({ exitCode: 13, code: 'container/no-key' });
      expect((await runDoctor(both, [world.key.slice(4), otherKey.slice(4), canary])).code).toBe(11);
    },
    patience,
  );

  it(
    'check: a store without backups is no failure, a target without any is 2, a store that is away is 14',
    async () => {
      const empty = await hazina(['keys', 'check', '--json'], {
        ...cli,
        BACKUP_DIRECTORY: join(world.folder, 'empty'),
      });
      expect({ code: empty.code, out: JSON.parse(empty.stdout) as unknown }).toEqual({ code: 0, out: { results: [] } });
      const mistyped = await world.failing(['keys', 'check', '--target', 'clinc'], cli);
      expect(mistyped).toMatchObject({ code: 'backup/not-found', exitCode: 2 });
      expect(mistyped.message).toMatch(/no backup of clinc in .*: targets there are clinic$/);
      const away = { S3_BACKUP_BUCKET: 'b', S3_ENDPOINT: 'http://127.0.0.1:1', AWS_ACCESS_KEY_ID: 'a' };
      expect(
        await world.failing(['keys', 'check'], { ...cli, ...away, AWS_SECRET_ACCESS_KEY: canary, AWS_REGION: 'x' }),
      ).toMatchObject({ exitCode: 14 });
    },
    patience,
  );
});
