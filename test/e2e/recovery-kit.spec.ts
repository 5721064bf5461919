import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { pythonProgram } from '../support/python.js';
import { hazina, projectRoot } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// The page for the worst day: what it says is right, its commands run as they stand, and the key is on it only when somebody wanted that.

const world = new CliWorld();
const retired = `hex:${randomBytes(32).toString('hex')}`;
const environment = (): Environment => ({ ...world.environment, BACKUP_ENCRYPTION_KEYS_RETIRED: retired });
let backup: { backupId: string; keyIds: string[] };

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 100);
  backup = (await world.backup(world.environment)) as unknown as typeof backup;
}, 60_000);
afterAll(() => world.close());

async function kit(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return kitOf(environment(), ...args);
}

async function kitOf(settings: Environment, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { code, ...run } = await hazina(['keys', 'recovery-kit', ...args], settings);
  expect({ code, stderr: code === 0 ? '' : run.stderr }).toEqual({ code: 0, stderr: '' });
  return run;
}

const withoutHazina = 'Restore without Hazina\n----------------------';

/** What a command brings into an empty folder: the digests of the files by name. */
function fetchedBy(command: string): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(world.folder, 'fetched-'));
  execFileSync('sh', ['-e', '-c', command], { cwd: folder, env: { PATH: process.env['PATH'] }, stdio: 'pipe' });
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  return Object.fromEntries(readdirSync(folder).map((name) => [name, digest(name)]));
}

/** The lines of a section that are commands. */
function commandsOf(page: string, section: string): string[] {
  const [, after = ''] = page.split(`\n${section}\n`);
  const [body = ''] = after.split('\n\n\n');
  return body.split('\n').flatMap((line) => (line.startsWith('  ') ? [line.trim()] : []));
}

describe('a recovery kit', () => {
  it('names keys, store and backups, has room for notes, and holds no key', async () => {
    const { stdout, stderr } = await kit();
    for (const word of [
      backup.keyIds[0] ?? '',
      backup.backupId,
      join(world.folder, 'store'),
      'clinic',
      'Notes',
      '____',
    ])
      expect(stdout).toContain(word);
    expect(stdout).toMatch(/retired key [0-9a-f]{16}/);
    for (const key of [world.key, retired]) expect(stdout + stderr).not.toContain(key.slice(4, 20));
  });

  it('as HTML is one page that needs nothing from elsewhere', async () => {
    const { stdout } = await kit('--format', 'html');
    expect(stdout).toMatch(/^<!doctype html>/);
    expect(stdout).toContain(backup.keyIds[0]);
    expect(stdout).not.toMatch(/<script|<link|<img|\bsrc=|\bhref=|@import|url\(/i);
    expect(stdout).not.toContain(world.key.slice(4, 20));
  });

  it('has commands of ours that run as they stand', async () => {
    const { stdout } = await kit();
    const commands = commandsOf(stdout, 'Restore with Hazina\n-------------------');
    const keyFile = join(world.folder, 'backup.key');
    const retiredFile = join(world.folder, 'retired.keys');
    writeFileSync(keyFile, world.key);
    writeFileSync(retiredFile, retired);
    const script = commands
      .map((line) => line.replace('/safe/place/backup.key', keyFile).replace('/safe/place/retired.keys', retiredFile))
      .map((line) => line.replace('mongodb://…', world.environment['TARGET_URI'] ?? ''))
      .join('\n');
    const bin = join(world.folder, 'bin');
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'hazina'),
      `#!/bin/sh\nexec ${process.execPath} ${projectRoot}/apps/cli/bin/hazina.mjs "$@"\n`,
    );
    chmodSync(join(bin, 'hazina'), 0o755);
    // Only what the page says: nothing of this world's environment.
    const run = spawnSync('sh', ['-e', '-c', script], {
      encoding: 'utf8',
      env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, TMPDIR: world.temporary },
    });
    expect({ code: run.status, stderr: run.stderr }).toEqual({ code: 0, stderr: expect.any(String) as unknown });
    const restored = world.client.db(`${world.database}_restored`);
    expect((await restored.listCollections({}, { nameOnly: true }).toArray()).length).toBeGreaterThan(0);
  }, 120_000);

  it('has commands for a machine without Hazina that give the archive', async () => {
    const python = pythonProgram('recovery', ['cryptography', 'zstandard'], 'python3');
    const [, fetch = '', , , recover = ''] = commandsOf((await kit()).stdout, withoutHazina);
    const place = join(world.folder, 'elsewhere');
    mkdirSync(place);
    copyFileSync(join(projectRoot, 'recovery/hazina_recover.py'), join(place, 'hazina_recover.py'));
    execFileSync('sh', ['-e', '-c', `${fetch}\n${recover.replace('python3', python)}`], {
      cwd: place,
      env: { PATH: process.env['PATH'], BACKUP_ENCRYPTION_KEY: world.key },
      stdio: 'pipe',
    });
    const archive = join(world.folder, 'by-hazina.archive');
    expect((await hazina(['extract', backup.backupId, '-o', archive], world.environment)).code).toBe(0);
    expect(readFileSync(join(place, 'restored.archive')).equals(readFileSync(archive))).toBe(true);
  }, 300_000);
});

describe('a recovery kit with a destination', () => {
  it('has a command that fetches the backup from there, whatever became of the primary store', async () => {
    const file = join(world.folder, 'targets.json');
    const directory = join(world.folder, 'my vault');
    const destinations = { vault: { kind: 'directory', directory } };
    writeFileSync(file, JSON.stringify({ destinations, targets: [{ name: 'clinic', uriVariable: 'MONGODB_URI' }] }));
    cpSync(join(world.folder, 'store'), directory, { recursive: true });
    const { stdout } = await kitOf({ ...environment(), BACKUP_TARGETS_FILE: file });
    const commands = commandsOf(stdout, withoutHazina);
    expect(commands.filter((line) => line.startsWith('#'))).toEqual(['# from primary', '# from vault']);
    const [, fromPrimary = '', , fromVault = ''] = commands;
    const whole = fetchedBy(fromPrimary);
    expect(Object.keys(whole)).toContain('data.hzn');
    const store = join(world.folder, 'store');
    renameSync(store, `${store}.gone`);
    try {
      expect(fetchedBy(fromVault)).toEqual(whole);
    } finally {
      renameSync(`${store}.gone`, store);
    }
  }, 60_000);
});

describe('a recovery kit with the key', () => {
  it('is a file for its owner alone, also in the place of one that all could read, and a warning', async () => {
    const file = join(world.folder, 'kit.txt');
    writeFileSync(file, 'old', { mode: 0o644 });
    const { stdout, stderr } = await kit('--include-key', '-o', file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const page = readFileSync(file, 'utf8');
    for (const key of [world.key, retired]) expect(page).toContain(key);
    expect(page).toContain('THE KEYS ARE ON THIS PAGE');
    expect(stderr).toMatch(/^Warning: The keys are in it/m);
    expect(stdout + stderr).not.toContain(world.key.slice(4, 20));
  });

  it.each([
    ['no', 16],
    ['show', 0],
  ])(
    'on a terminal is shown only to who asks for it again (%s)',
    (answer, code) => {
      const run = spawnSync(
        'python3',
        [
          '-c',
          terminal,
          answer,
          process.execPath,
          join(projectRoot, 'apps/cli/bin/hazina.mjs'),
          'keys',
          'recovery-kit',
          '--include-key',
        ],
        {
          encoding: 'utf8',
          env: { ...environment(), PATH: process.env['PATH'] },
        },
      );
      expect({ code: run.status, shown: run.stdout.includes(world.key) }).toEqual({ code, shown: code === 0 });
      expect(run.stdout).toContain('will stand on this screen');
    },
    60_000,
  );
});

/** A terminal with a person at it: answers the question and gives out what stood on the screen. */
const terminal = `
import os, pty, sys
child, screen = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
text, asked = b"", False
while True:
    try:
        piece = os.read(screen, 4096)
    except OSError:
        break
    if not piece:
        break
    text += piece
    if not asked and b"to go on:" in text:
        asked = True
        os.write(screen, sys.argv[1].encode() + b"\\n")
sys.stdout.write(text.decode())
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;
