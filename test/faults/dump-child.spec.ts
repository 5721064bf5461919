import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../services/services.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { repeatedArchive } from '../support/generated-archive.js';
import { failingCommand } from '../support/run-command.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { makeMemoryGroup } from '../support/memory-group.js';
import { hazina } from '../support/run-hazina.js';
import type { ToolDoubles } from '../support/tool-doubles.js';
import { clinicFixture, toolsIn, type ToolBehaviour } from '../support/tools-in.js';

// A dump that dies, hangs or lies never becomes a backup (I1, I4), is named with cause and next step (I11), and leaves no process (I12). The tool is a double.

const world = new CliWorld();
beforeAll(() => fillSampleDatabase(world.client.db(world.database), 100), 60_000);
afterEach(() => {
  expect(world.storedFiles().filter((file) => !file.startsWith('clinic/clinic-'))).toEqual([]);
  expect(world.leftovers()).toEqual([]);
});
afterAll(async () => {
  await world.close();
  group?.close();
});

const group = makeMemoryGroup(64 * 2 ** 20);
const archiveBytes = statSync(clinicFixture).size;
const patience = 60_000;
/** Row 3: within 5 s, of which the start of a process on a busy machine is a part. */
const soonMs = 5_000;

function withTool(behaviour: ToolBehaviour, more: Environment = {}): { tool: ToolDoubles; environment: Environment } {
  const tool = toolsIn(world.folder, behaviour);
  return { tool, environment: { ...world.environment, BACKUP_ENGINE: 'mongodump', PATH: tool.searchPath, ...more } };
}

/** A backup that fails in the dump: exit code 10, a next step, nothing stored. */
async function failed(environment: Environment, code: string, message?: RegExp): Promise<void> {
  const { error, stderr } = await failingCommand(['backup'], environment);
  expect(error).toMatchObject({ code, exitCode: 10, hint: expect.any(String) as unknown });
  if (message !== undefined) expect(error.message).toMatch(message);
  expect(stderr).not.toContain('canary-password');
  expect(world.storedFiles()).toEqual([]);
}

const dataIsWritten = () => world.storedFiles().some((file) => file.includes('.data.hzn.'));

describe('F01 dump killed in mid-stream', () => {
  it(
    'F01 by kill -9 while a folder is written: named, nothing left, and the next run is a backup',
    async () => {
      const { tool, environment } = withTool({ behaviour: 'hangs', after: Math.round(archiveBytes * 0.4) });
      const { error } = await failingCommand(['backup'], environment, async () => {
        await waitUntil(dataIsWritten, { what: 'data being written', timeoutMs: patience });
        process.kill(await waitUntil(() => tool.seen().pid, { what: 'the tool' }), 'SIGKILL');
      });
      expect(error).toMatchObject({ code: 'engine/killed', stage: 'dump', exitCode: 10 });
      expect(error.message).toContain('SIGKILL');
      expect(world.storedFiles()).toEqual([]);

      const again = await world.backup({ ...environment, PATH: toolsIn(world.folder).searchPath }, '--verify');
      const removed = await hazina(['delete', again.backupId, '--force'], environment);
      expect(removed.code).toBe(0);
    },
    2 * patience,
  );

  it(
    'F01 by kill -9 in the middle of a multipart upload: the upload is aborted',
    async () => {
      const repeated = repeatedArchive(40 * 2 ** 20);
      const tool = toolsIn(world.folder, { behaviour: 'hangs', after: repeated.bytes * 0.8, repeated });
      const environment = {
        ...(await world.s3Environment()),
        ...{ BACKUP_ENGINE: 'mongodump', PATH: tool.searchPath, BACKUP_COMPRESSION: 'none' },
      };
      const { error } = await failingCommand(['backup'], environment, async () => {
        const open = async () => (await world.bucketContents(environment)).some((entry) => entry.startsWith('upload'));
        await waitUntil(open, { what: 'an open upload', timeoutMs: patience });
        process.kill(await waitUntil(() => tool.seen().pid, { what: 'the tool' }), 'SIGKILL');
      });
      expect(error).toMatchObject({ code: 'engine/killed', exitCode: 10 });
      expect(await world.bucketContents(environment)).toEqual([]);
    },
    2 * patience,
  );

  (group === undefined ? it.skip : it)(
    'F01 by the kernel, for it takes more memory than its control group may have',
    async () => {
      const { tool, environment } = withTool({ behaviour: 'grows', after: Math.round(archiveBytes * 0.4) });
      const { error } = await failingCommand(['backup'], environment, async () => {
        await waitUntil(dataIsWritten, { what: 'data being written', timeoutMs: patience });
        const pid = await waitUntil(() => tool.seen().pid, { what: 'the tool' });
        group?.add(pid);
        process.kill(pid, 'SIGUSR2');
      });
      expect(error).toMatchObject({ code: 'engine/killed', stage: 'dump', exitCode: 10 });
      expect(error.message).toMatch(/out of memory/);
      expect(group?.kills).toBe(1);
      expect(world.storedFiles()).toEqual([]);
    },
    patience,
  );

  it(
    'F01 by itself, as the out-of-memory killer ends it',
    () => failed(withTool({ behaviour: 'killed' }).environment, 'engine/killed', /out of memory/),
    patience,
  );
});

describe('F02 dump that fails after valid bytes', () => {
  it(
    'F02 exit code 1 after the whole archive',
    () => failed(withTool({ behaviour: 'fails-after-all' }).environment, 'engine/failed', /exit code 1/),
    patience,
  );

  it.each([60, Math.round(archiveBytes / 2), archiveBytes - 4])(
    'F02 exit code 0, and the last %i bytes missing: the structure tells',
    (missing) =>
      failed(withTool({ behaviour: 'cut', after: archiveBytes - missing }).environment, 'engine/failed', /not whole/),
    patience,
  );
});

describe('F03 dump binary that cannot be used', () => {
  const cases: [string, (tool: ToolDoubles) => void, string, RegExp][] = [
    ['mode 0644', ({ folder }) => chmodSync(join(folder, 'mongodump'), 0o644), 'engine/failed', /not executable/],
    [
      'a text file',
      ({ folder }) => writeFileSync(join(folder, 'mongodump'), 'no program'),
      'engine/failed',
      /cannot be/,
    ],
    [
      'of another machine',
      ({ folder }) => writeFileSync(join(folder, 'mongodump'), alienBinary()),
      'engine/failed',
      /cannot be/,
    ],
  ];
  it.each(cases)(
    'F03 %s: said before anything is written',
    async (_name, spoil, code, message) => {
      const { tool, environment } = withTool({});
      spoil(tool);
      const began = performance.now();
      await failed(environment, code, message);
      expect(performance.now() - began).toBeLessThan(soonMs);
      // Not a trace of an attempt: the tool is looked at first.
      expect(world.storedFiles()).toEqual([]);
    },
    patience,
  );

  it(
    'F03 not there: said with the way out, and auto takes the native engine',
    async () => {
      const environment = { ...world.environment, PATH: '/nonexistent' };
      const began = performance.now();
      await failed({ ...environment, BACKUP_ENGINE: 'mongodump' }, 'engine/not-found', /mongodump/);
      expect(performance.now() - began).toBeLessThan(soonMs);
      const backup = await world.backup({ ...environment, BACKUP_ENGINE: 'auto' });
      expect(backup).toMatchObject({ engine: { name: 'native' } });
      await hazina(['delete', backup.backupId, '--force'], environment);
    },
    patience,
  );
});

it(
  'F04 dump writes nothing and exits 0: refused',
  () => failed(withTool({ behaviour: 'empty' }).environment, 'engine/no-output', /without a single byte/),
  patience,
);

describe('F05 dump hangs', () => {
  const impatient = { BACKUP_STALL_SECONDS: '1' };
  it.each(['hangs', 'ignores-term'])(
    'F05 %s: the watchdog ends it, group and all',
    (behaviour) => failed(withTool({ behaviour }, impatient).environment, 'engine/stalled', /no byte for 1 s/),
    patience,
  );

  it(
    'F05 a frozen process (SIGSTOP) is ended as well',
    async () => {
      const repeated = repeatedArchive(200 * 2 ** 20);
      const { tool, environment } = withTool({ repeated }, impatient);
      const { error } = await failingCommand(['backup'], environment, async () => {
        await waitUntil(dataIsWritten, { what: 'data being written', timeoutMs: patience });
        process.kill(await waitUntil(() => tool.seen().pid, { what: 'the tool' }), 'SIGSTOP');
      });
      expect(error).toMatchObject({ code: 'engine/stalled', exitCode: 10 });
      expect(world.storedFiles()).toEqual([]);
    },
    2 * patience,
  );
});

it(
  'F06 dump floods stderr with 50 MB: runs through',
  async () => {
    const { environment } = withTool({ behaviour: 'floods' });
    const run = await hazina(['backup', '--json', '--verify'], environment);
    expect(run.code).toBe(0);
    expect(run.stderr.length).toBeLessThan(33 * 1024);
    const { backupId } = JSON.parse(run.stdout) as { backupId: string };
    expect(await hazina(['delete', backupId, '--force'], environment)).toMatchObject({ code: 0 });
  },
  patience,
);

it(
  'F06 dump floods stderr with 50 MB and fails: the end of it is kept, 32 KB at most, without its secrets',
  async () => {
    const run = await hazina(['backup', '--json'], withTool({ behaviour: 'floods-and-fails' }).environment);
    expect(run.code).toBe(10);
    expect(run.stderr.length).toBeLessThan(34 * 1024);
    expect(run.stderr).toContain('the last words');
    expect(run.stderr).not.toContain('canary-password');
    expect(world.storedFiles()).toEqual([]);
  },
  patience,
);

/** An ELF header of a machine that this is not (IBM S/390). */
function alienBinary(): Buffer {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1]);
  header.writeUInt16BE(2, 16);
  header.writeUInt16BE(22, 18);
  return header;
}
