import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { CliWorld, errorOf, type Environment } from '../support/cli-world.js';
import { projectRoot, spawnHazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { waitUntil } from '../services/services.js';

// Ctrl-C, a killed dump, a full disk: the exit code says what happened, and nothing is left behind.

const world = new CliWorld();
beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 2000);
}, 60_000);
afterAll(() => world.close());

/** A mongodump that gives half an archive and then hangs, or dies, or fails at the end. */
function toolDouble(behaviour: string, name = behaviour): string {
  const folder = join(world.folder, `bin-${name}`);
  mkdirSync(folder);
  copyFileSync(join(projectRoot, 'test/support/tool-double.mjs'), join(folder, 'mongodump'));
  const archive = join(projectRoot, 'test/fixtures/archives/clinic.archive');
  writeFileSync(join(folder, 'behaviour.json'), JSON.stringify({ archive, behaviour, after: 200_000 }));
  return `${folder}:${dirname(process.execPath)}:/usr/bin:/bin`;
}

async function run(
  args: string[],
  environment: Environment,
  during: (child: ReturnType<typeof spawnHazina>) => Promise<void> = () => Promise.resolve(),
) {
  const child = spawnHazina([...args, '--json'], { environment, stdio: 'pipe' });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout?.resume();
  const closed = once(child, 'close');
  await during(child);
  const [code] = (await closed) as [number | null];
  return { code, error: errorOf(stderr) };
}

describe('a backup that is interrupted', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s in the middle: exit code %i, and nothing is left',
    async (signal, exitCode) => {
      const environment = {
        ...world.environment,
        BACKUP_ENGINE: 'mongodump',
        PATH: toolDouble(signal === 'SIGINT' ? 'hangs' : 'ignores-term'),
      };
      const { code, error } = await run(['backup'], environment, async (child) => {
        await waitUntil(() => world.storedFiles().some((file) => file.includes('lease.json')), {
          what: 'the attempt has begun',
        });
        await waitUntil(() => world.storedFiles().some((file) => file.includes('.data.hzn.')), {
          what: 'data is being written',
        });
        child.kill(signal);
      });
      expect(code).toBe(exitCode);
      expect(error).toMatchObject({ code: 'run/cancelled', exitCode });
      expect(world.storedFiles()).toEqual([]);
    },
    60_000,
  );

  it('a second signal ends it at once: neither the tool nor its file with the URI stays', async () => {
    const TMPDIR = join(world.folder, 'second-signal');
    mkdirSync(TMPDIR);
    const PATH = toolDouble('ignores-term', 'twice');
    const BACKUP_DIRECTORY = join(world.folder, 'second-signal-store');
    const environment = { ...world.environment, BACKUP_ENGINE: 'mongodump', PATH, TMPDIR, BACKUP_DIRECTORY };
    const privateFiles = () => readdirSync(TMPDIR).filter((name) => name.startsWith('hazina-'));
    const seen = join(PATH.split(':')[0] ?? '', 'seen.json');
    const child = spawnHazina(['backup'], { environment, stdio: 'pipe' });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const closed = once(child, 'close');
    await waitUntil(() => existsSync(seen), { what: 'the tool runs' });
    expect(privateFiles()).toHaveLength(1);
    child.kill('SIGINT');
    await waitUntil(() => stderr.includes('once more'), { what: 'the first signal is heard' });
    child.kill('SIGINT');
    expect((await closed)[0]).toBe(130);
    expect(privateFiles()).toEqual([]);
    const { pid } = JSON.parse(readFileSync(seen, 'utf8')) as { pid: number };
    await waitUntil(() => !existsSync(`/proc/${pid}`), { what: 'the tool is gone' });
  }, 60_000);

  it.each([
    ['killed', 'engine/killed'],
    ['fails-after-all', 'engine/failed'],
    ['empty', 'engine/no-output'],
    ['cut', 'engine/failed'],
  ])(
    'mongodump %s: exit code 10, and nothing is left',
    async (behaviour, code) => {
      const environment = { ...world.environment, BACKUP_ENGINE: 'mongodump', PATH: toolDouble(behaviour) };
      const { error } = await run(['backup'], environment);
      expect(error).toMatchObject({ code, exitCode: 10, hint: expect.any(String) as unknown });
      expect(world.storedFiles()).toEqual([]);
    },
    60_000,
  );
});

describe('a full disk', () => {
  const mounted = join(world.folder, 'small-disk');
  const isRoot = process.getuid?.() === 0;
  beforeAll(() => {
    mkdirSync(mounted);
    if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mounted]);
  });
  afterAll(() => {
    if (isRoot) execFileSync('umount', [mounted]);
  });

  it('exit code 14, a next step, and nothing left on it', async () => {
    if (!isRoot) return;
    const { error } = await run(['backup'], {
      ...world.environment,
      BACKUP_DIRECTORY: join(mounted, 'store'),
      BACKUP_COMPRESSION: 'none',
    });
    expect(error).toMatchObject({ exitCode: 14, code: 'store/full' });
    expect(error.hint).toMatch(/room/);
    const left = execFileSync('find', [mounted, '-type', 'f'], { encoding: 'utf8' })
      .split('\n')
      .filter((file) => file !== '');
    expect(left.map((file) => file.replace(mounted, ''))).toEqual(['/store/hazina.json']);
  }, 60_000);
});
