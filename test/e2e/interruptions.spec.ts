/** @jest-environment <rootDir>/test/support/fault-environment.ts */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { CliWorld } from '../support/cli-world.js';
import { spawnHazina } from '../support/run-hazina.js';
import { failingCommand } from '../support/run-command.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { toolsIn } from '../support/tools-in.js';
import { waitUntil } from '../services/services.js';

// Ctrl-C, a full disk (a dump that dies: test/faults/dump-child.spec.ts): the exit code says what happened, and nothing is left behind.

const world = new CliWorld();
beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 2000);
}, 60_000);
afterAll(() => world.close());

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
        PATH: toolsIn(world.folder, { behaviour: signal === 'SIGINT' ? 'hangs' : 'ignores-term', after: 200_000 })
          .searchPath,
      };
      const { code, error } = await failingCommand(['backup'], environment, async (child) => {
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
      expect(world.leftovers()).toEqual([]);
    },
    60_000,
  );

  it('a second signal ends it at once: neither the tool nor a file with the URI stays', async () => {
    const tool = toolsIn(world.folder, { behaviour: 'ignores-term', after: 200_000 });
    const BACKUP_DIRECTORY = join(world.folder, 'second-signal-store');
    const environment = { ...world.environment, BACKUP_ENGINE: 'mongodump', PATH: tool.searchPath, BACKUP_DIRECTORY };
    const child = spawnHazina(['backup'], { environment, stdio: 'pipe' });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const closed = once(child, 'close');
    await waitUntil(() => tool.seen(), { what: 'the tool runs' });
    child.kill('SIGINT');
    await waitUntil(() => stderr.includes('once more'), { what: 'the first signal is heard' });
    child.kill('SIGINT');
    expect((await closed)[0]).toBe(130);
    await waitUntil(() => world.leftovers().length === 0, { what: 'the end of the tool' });
  }, 60_000);
});

describe('F34 a full disk', () => {
  const mounted = join(world.folder, 'small-disk');
  const isRoot = process.getuid?.() === 0;
  beforeAll(() => {
    mkdirSync(mounted);
    if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mounted]);
  });
  afterAll(() => {
    if (isRoot) execFileSync('umount', [mounted]);
  });

  // Only root may mount a file system.
  (isRoot ? it : it.skip)(
    'exit code 14, a next step, and nothing left on it',
    async () => {
      const { error } = await failingCommand(['backup'], {
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
    },
    60_000,
  );
});
