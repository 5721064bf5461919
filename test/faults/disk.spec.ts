import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina, projectRoot } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { toolsIn } from '../support/tools-in.js';

// F34: no room where temporary files, output or messages go (a full store: test/e2e/interruptions.spec.ts). Full disks are small tmpfs, which only root may mount.

const patience = 60_000;
const isRoot = process.getuid?.() === 0;
const world = new CliWorld();
const full = join(world.folder, 'full');

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 1000);
  mkdirSync(full);
  if (!isRoot) return;
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,nr_inodes=16', 'tmpfs', full]);
  for (let at = 0; fill(at); at += 1);
}, patience);
afterEach(() => {
  rmSync(join(world.folder, 'store'), { recursive: true, force: true });
  expect(world.leftovers()).toEqual([]);
});
afterAll(async () => {
  if (isRoot) execFileSync('umount', [full]);
  await world.close();
});

/** Takes room and names until there is none. */
function fill(at: number): boolean {
  try {
    writeFileSync(join(full, `filler-${at}`), Buffer.alloc(256 * 1024));
    return true;
  } catch {
    return false;
  }
}

/** Only root may mount a file system. */
const itMounted = isRoot ? it : it.skip;

describe('F34 a full temporary folder', () => {
  const environment = (): Environment => ({ ...world.environment, TMPDIR: full });

  itMounted(
    'F34 a backup, its verification and a restore need none',
    async () => {
      const { backupId } = await world.backup(environment(), '--verify');
      const args = [
        'restore',
        backupId,
        '--to-env',
        'TARGET_URI',
        '--rename',
        `${world.database}=${world.database}_f34`,
      ];
      expect(await hazina(args, environment())).toMatchObject({ code: 0 });
    },
    patience,
  );

  itMounted(
    'F34 the configuration of mongodump cannot be written: named, with the way out, and nothing stored',
    async () => {
      const error = await world.failing(['backup'], {
        ...environment(),
        ...{ BACKUP_ENGINE: 'mongodump', PATH: toolsIn(world.folder).searchPath },
      });
      expect(error).toMatchObject({ code: 'engine/failed', stage: 'probe', exitCode: 10 });
      expect(error.message).toMatch(/ENOSPC/);
      expect(error.hint).toMatch(/TMPDIR/);
      expect(world.storedFiles()).toEqual([]);
    },
    patience,
  );

  itMounted(
    'F34 an extracted archive that does not fit: named, and no half file',
    async () => {
      const { backupId } = await world.backup(world.environment);
      const output = join(full, 'x.archive');
      const run = await hazina(['extract', backupId, '-o', output], world.environment);
      expect(run.code).toBe(1);
      expect(run.stderr).toMatch(/cannot be written \(ENOSPC\)/);
      expect(existsSync(output)).toBe(false);
    },
    patience,
  );
});

/** A command whose stdout or stderr goes to a disk that is full. */
async function intoFullDisk(which: 'stdout' | 'stderr', args: readonly string[], environment = world.environment) {
  const nowhere = openSync('/dev/full', 'w');
  try {
    const stdio = which === 'stdout' ? ['ignore', nowhere, 'pipe'] : ['ignore', 'pipe', nowhere];
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, [join(projectRoot, 'apps/cli/bin/hazina.mjs'), ...args], {
      env: { PATH, HOME, ...environment },
      stdio: stdio as ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    (which === 'stdout' ? child.stderr : child.stdout).on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, said };
  } finally {
    closeSync(nowhere);
  }
}

describe('F34 a full disk under the log', () => {
  it(
    'F34 messages that cannot be written stop no backup, and change no exit code',
    async () => {
      // A weak passphrase gives a warning at the start, an empty database one at the end.
      const noisy = { ...world.environment, BACKUP_ENCRYPTION_KEY: 'pass:twelve chars' };
      expect(await intoFullDisk('stderr', ['backup', '--verify'], noisy)).toMatchObject({ code: 0 });
      expect(await intoFullDisk('stderr', ['verify', '--latest'], world.environment)).toMatchObject({ code: 13 });
    },
    patience,
  );

  it(
    'F34 data that cannot be written is an error, and the backup stands',
    async () => {
      const { code, said } = await intoFullDisk('stdout', ['backup', '--json']);
      expect(code).toBe(1);
      expect(JSON.parse(said.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ code: 'output/failed', exitCode: 1 });
      expect(await hazina(['verify', '--latest'], world.environment)).toMatchObject({ code: 0 });
    },
    patience,
  );
});
