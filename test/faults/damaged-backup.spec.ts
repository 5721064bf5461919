import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, copyFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { editsOf } from '../support/json-edits.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// Damage of every kind is refused by verify and restore alike, and never changes a target.

const world = new CliWorld();
const failing = (args: string[], environment: Environment) => world.failing(args, environment);
beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 1000);
}, 60_000);
afterEach(() => expect(world.leftovers()).toEqual([]));
afterAll(() => world.close());

describe('a stored backup of three segments', () => {
  const mib = 2 ** 20;
  const database = `${world.database}_segments`;
  const environment = {
    ...{ ...world.environment, MONGODB_URI: world.uri(database), BACKUP_COMPRESSION: 'none' },
    BACKUP_DIRECTORY: join(world.folder, 'segments'),
  };
  let backupId: string;
  let file: string;
  let whole: Buffer;

  beforeAll(async () => {
    const documents = [1, 2, 3].map((_id) => ({ _id, text: 'x'.repeat(900_000) }));
    await world.client.db(database).collection<{ _id: number }>('texts').insertMany(documents);
    ({ backupId } = await world.backup(environment));
    file = join(environment.BACKUP_DIRECTORY, 'clinic', backupId, '1/data.hzn');
    whole = readFileSync(file);
    expect(Math.ceil((whole.length - 4096) / mib)).toBe(3);
  }, 60_000);
  afterEach(() => writeFileSync(file, whole));

  it.each([
    ['just before the second', 4096 + mib - 1, 0],
    ['where the second begins', 4096 + mib, 1],
    ['just in the second', 4096 + mib + 1, 1],
    ['just before the third', 4096 + 2 * mib - 1, 1],
    ['without the third', 4096 + 2 * mib, 2],
    ['just in the third', 4096 + 2 * mib + 1, 2],
    ['without its last byte', -1, 2],
  ])(
    'F30 data.hzn cut %s: the segment is named, and nothing of it is restored',
    async (_where, bytes, segment) => {
      writeFileSync(file, whole.subarray(0, bytes));
      const error = await failing(['verify', backupId], environment);
      expect(error.exitCode).toBe(11);
      expect(error.message).toContain(`truncated in segment ${segment}`);
      const target = `${database}_cut`;
      const args = ['restore', backupId, '--to-env', 'TARGET_URI', '--rename', `${database}=${target}`];
      expect(await failing(args, environment)).toMatchObject({ exitCode: 11 });
      expect(await world.collections(target)).toEqual([]);
    },
    60_000,
  );

  it('F30 the same untouched is restored', async () => {
    const target = `${database}_whole`;
    const args = ['restore', backupId, '--to-env', 'TARGET_URI', '--rename', `${database}=${target}`];
    expect(await hazina(args, environment)).toMatchObject({ code: 0 });
    expect(await world.client.db(target).collection('texts').countDocuments()).toBe(3);
  }, 60_000);
});

describe('a stored backup that was damaged', () => {
  let pristine: string;
  let backup: { backupId: string; objects: { data: { bytes: number } } };
  let other: { backupId: string };
  const store = (): string => join(world.folder, 'damaged');
  const environment = (): Environment => ({ ...world.environment, BACKUP_DIRECTORY: store() });
  const path = (id: string, file: string): string => join(store(), 'clinic', id, file);

  beforeAll(async () => {
    pristine = join(world.folder, 'pristine');
    const made = { ...world.environment, BACKUP_DIRECTORY: pristine };
    backup = (await world.backup(made)) as unknown as typeof backup;
    other = await world.backup(made);
  }, 60_000);
  beforeEach(() => {
    rmSync(store(), { recursive: true, force: true });
    cpSync(pristine, store(), { recursive: true });
  });

  async function refused(level: 'stored' | 'readable', codes: RegExp): Promise<void> {
    const error = await failing(['verify', backup.backupId, '--level', level], environment());
    expect(error.exitCode).toBe(11);
    expect(error.code).toMatch(codes);
  }

  /** A restore must refuse it as well, and leave no trace in the target. */
  async function targetUntouched(): Promise<void> {
    const target = `${world.database}_damaged`;
    const args = ['restore', backup.backupId, '--to-env', 'TARGET_URI', '--rename', `${world.database}=${target}`];
    expect(await failing(args, environment())).toMatchObject({ exitCode: 11 });
    expect(await world.collections(target)).toEqual([]);
  }

  it.each([0, 1, 11, 4095, 4096, 4136, 4137, 50_000, -1])(
    'F30 data.hzn cut to %i bytes',
    async (bytes) => {
      truncateSync(path(backup.backupId, '1/data.hzn'), bytes < 0 ? backup.objects.data.bytes + bytes : bytes);
      await refused('stored', /^backup\/mismatch/);
      const { message } = await failing(['verify', backup.backupId], environment());
      expect(message).toContain(bytes >= 0 && bytes < 4096 ? 'truncated in its header' : 'truncated in segment 0');
      await refused('readable', /^(backup|container)\//);
      await targetUntouched();
    },
    60_000,
  );

  it.each([0, 8, 12, 100, 4000, 4064, 4100, 4200, 60_000])(
    'F31 data.hzn with the byte at %i flipped',
    async (at) => {
      flip(path(backup.backupId, '1/data.hzn'), at);
      await refused('stored', /^(backup|container)\//);
      // A damaged slot cannot be told from a wrong key; everything else is damage.
      const error = await failing(['verify', backup.backupId], environment());
      expect([11, 13]).toContain(error.exitCode);
      if (at >= 4096) expect(error.message).toMatch(/segment 0/i);
      const target = `${world.database}_flipped`;
      const args = ['restore', backup.backupId, '--to-env', 'TARGET_URI', '--rename', `${world.database}=${target}`];
      expect([11, 13]).toContain((await failing(args, environment())).exitCode);
      expect(await world.collections(target)).toEqual([]);
    },
    60_000,
  );

  it('F31 bytes appended to data.hzn', async () => {
    appendFileSync(path(backup.backupId, '1/data.hzn'), 'x');
    await refused('stored', /mismatch/);
    await targetUntouched();
  }, 60_000);

  it.each(['1/data.hzn', '1/manifest.hzn'])(
    'F31 %s of another backup in its place',
    async (file) => {
      copyFileSync(path(other.backupId, file), path(backup.backupId, file));
      await refused('stored', /^backup\/mismatch/);
      await refused('readable', /^backup\/mismatch/);
      await targetUntouched();
    },
    60_000,
  );

  it.each(['1/data.hzn', '1/manifest.hzn'])(
    'F29 %s gone',
    async (file) => {
      rmSync(path(backup.backupId, file));
      await refused('stored', /^backup\/missing/);
      await refused('readable', /^backup\/missing/);
      await targetUntouched();
    },
    60_000,
  );

  it("F31 another backup's data, manifest and backup.json, under this one's name", async () => {
    cpSync(join(store(), 'clinic', other.backupId), join(store(), 'clinic', backup.backupId), { recursive: true });
    await refused('stored', /^backup\/mismatch/);
    await targetUntouched();
  }, 60_000);

  it('F31 every edited field of backup.json', async () => {
    const file = path(backup.backupId, 'backup.json');
    const original = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const edits = editsOf(original).filter(([field]) => field !== 'schema');
    expect(edits.length).toBeGreaterThan(30);
    for (const [field, edited] of edits) {
      writeFileSync(file, JSON.stringify(edited));
      const error = await failing(['verify', backup.backupId], environment());
      expect({ field, exitCode: error.exitCode, code: error.code }).toEqual({
        field,
        exitCode: 11,
        code: expect.stringMatching(/^backup\/(mismatch|damaged|missing)$/) as unknown,
      });
    }
  }, 120_000);

  it('F31 backup.json that is no JSON: damage in every command', async () => {
    writeFileSync(path(backup.backupId, 'backup.json'), '{"schema":');
    for (const args of [
      ['verify', backup.backupId],
      ['show', backup.backupId],
      ['inspect', backup.backupId],
      ['list'],
      ['verify', '--all'],
      ['delete', backup.backupId],
      ['extract', backup.backupId, '-o', join(world.folder, 'never')],
    ]) {
      const error =
        args[0] === 'extract'
          ? errorOfText((await hazina(args, environment())).stderr)
          : (await failing(args, environment())).exitCode;
      expect({ args, error }).toEqual({ args, error: 11 });
    }
  }, 60_000);

  it('F33 a wrong key: 13, told from damage', async () => {
    const wrong = { ...environment(), BACKUP_ENCRYPTION_KEY: `hex:${'ab'.repeat(32)}` };
    expect(await failing(['verify', backup.backupId], wrong)).toMatchObject({ exitCode: 13, code: 'container/no-key' });
    const args = [
      'restore',
      backup.backupId,
      '--to-env',
      'TARGET_URI',
      '--rename',
      `${world.database}=${world.database}_wrong`,
    ];
    expect(await failing(args, wrong)).toMatchObject({ exitCode: 13 });
    expect(await world.collections(`${world.database}_wrong`)).toEqual([]);
    const { BACKUP_ENCRYPTION_KEY: _, ...none } = environment();
    expect(await failing(['verify', backup.backupId], none)).toMatchObject({ exitCode: 13, code: 'keys/none-set' });
    expect(await hazina(['verify', backup.backupId, '--level', 'stored'], none)).toMatchObject({ code: 0 });
  }, 60_000);

  it('F31 verify --all goes on after a failure and fails at the end', async () => {
    flip(path(backup.backupId, '1/data.hzn'), 5000);
    const run = await hazina(['verify', '--all', '--json'], environment());
    expect(run.code).toBe(11);
    const { results } = JSON.parse(run.stdout) as { results: { backupId: string; ok: boolean }[] };
    expect(new Map(results.map(({ backupId, ok }) => [backupId, ok]))).toEqual(
      new Map([
        [backup.backupId, false],
        [other.backupId, true],
      ]),
    );
  }, 60_000);
});

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

function errorOfText(stderr: string): number {
  return Number(/exit code (\d+)\)/.exec(stderr)?.[1]);
}
