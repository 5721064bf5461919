import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { readArchive } from '#archive';
import { waitUntil } from '../services/wait-until.js';
import { repeatedArchive } from './generated-archive.js';
import { ToolDoubles } from './tool-doubles.js';
import { clinicFixture, toolsIn } from './tools-in.js';

// The doubles of mongodump and mongorestore misbehave as they are told, and not otherwise.

const clinic = readFileSync(clinicFixture);
let doubles: ToolDoubles;
let children: ChildProcess[];
beforeEach(() => {
  doubles = new ToolDoubles();
  children = [];
});
afterEach(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await waitUntil(() => doubles.leftovers().length === 0, { what: 'the end of the double' });
  doubles.close();
});

function start(tool: string, ...args: string[]) {
  const env = { PATH: doubles.searchPath };
  const child = spawn(join(doubles.folder, tool), args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  // It need not take what it is given.
  child.stdin.on('error', () => undefined);
  return { child, ended: once(child, 'close') as Promise<[code: number | null, signal: NodeJS.Signals | null]> };
}

async function run(tool: string, ...args: string[]) {
  const { child, ended } = start(tool, ...args);
  const [stdout, stderr, [code, signal]] = await Promise.all([buffer(child.stdout), buffer(child.stderr), ended]);
  return { stdout, stderr: stderr.toString(), code, signal };
}

const dump = (behaviour: string, more: Record<string, unknown> = {}) => {
  doubles.behave(behaviour, { archive: clinicFixture, ...more });
  return run('mongodump', '--archive');
};
/** Lives, and has taken every signal that was sent to it. */
const livesOn = (pid: number) => /^ShdPnd:\s+0+$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

describe('a double of mongodump', () => {
  it('gives an archive and ends well, and tells what it saw of itself', async () => {
    const config = join(doubles.tmp, 'config');
    writeFileSync(config, 'uri: secret');
    doubles.behave('good', { archive: clinicFixture });
    const { stdout, ...rest } = await run('mongodump', '--archive', `--config=${config}`);
    expect(rest).toEqual({ stderr: '', code: 0, signal: null });
    expect(stdout.equals(clinic)).toBe(true);
    expect(doubles.seen()).toMatchObject({ config: 'uri: secret', tmp: ['config'], child: null });
    expect(doubles.seen().argv).toContain(`--config=${config}`);
    expect(doubles.seen().environ).toBe(`PATH=${doubles.searchPath}\0`);
    expect(doubles.leftovers()).toEqual(['config']);
    doubles = new ToolDoubles();
  });

  it.each([1, 30 * 2 ** 20])('gives a valid archive of any size (%i)', async (bytes) => {
    const repeated = repeatedArchive(bytes);
    const tools = toolsIn(doubles.folder, { repeated });
    const child = spawn(join(tools.folder, 'mongodump'), { env: { PATH: tools.searchPath } });
    const ended = once(child, 'close');
    const { archiveBytes, namespaces } = await readArchive(child.stdout);
    expect({ archiveBytes, documents: namespaces[0]?.documents }).toEqual({
      archiveBytes: repeated.bytes,
      documents: repeated.documents,
    });
    expect(await ended).toEqual([0, null]);
  });

  it('writes nothing and ends well', async () => {
    const { stdout, code } = await dump('empty');
    expect([stdout.length, code]).toEqual([0, 0]);
  });

  it('gives everything and fails', async () => {
    const { stdout, code, stderr } = await dump('fails-after-all');
    expect([stdout.equals(clinic), code]).toEqual([true, 1]);
    expect(stderr).toMatch(/Failed: .*canary-password/);
  });

  it('leaves the last end out, and ends well', async () => {
    const { stdout, code } = await dump('cut', { after: clinic.length - 60 });
    expect([stdout.equals(clinic.subarray(0, -60)), code]).toEqual([true, 0]);
    await expect(readArchive(Readable.from([stdout]))).rejects.toMatchObject({ code: /^archive\// });
  });

  it.each([
    ['killed', 1000],
    ['killed-after-all', clinic.length],
  ])('dies by a signal (%s)', async (behaviour, bytes) => {
    const { stdout, code, signal } = await dump(behaviour, { after: 1000 });
    expect([stdout.length, code, signal]).toEqual([bytes, null, 'SIGKILL']);
  });

  it('takes its parent along', async () => {
    doubles.behave('kills-parent', { archive: clinicFixture });
    const parent = spawn('sh', ['-c', '"$0"; exit 5', join(doubles.folder, 'mongodump')], {
      env: { PATH: doubles.searchPath },
      stdio: 'ignore',
    });
    expect(await once(parent, 'exit')).toEqual([null, 'SIGKILL']);
    process.kill(doubles.seen().pid, 'SIGKILL');
  });

  it('floods its stderr with 50 MB, and gives everything', async () => {
    const { stdout, stderr, code } = await dump('floods');
    expect([stdout.equals(clinic), stderr.length, code]).toEqual([true, 50 * 2 ** 20, 0]);
  });

  it.each([
    ['hangs', { after: 1000 }, 1000],
    ['hangs-after-all', {}, clinic.length],
    ['ignores-term', { after: 1000 }, 1000],
  ])('%s: gives so much, and lives on', async (behaviour, more, bytes) => {
    doubles.behave(behaviour, { archive: clinicFixture, ...more });
    const { child, ended } = start('mongodump');
    const pid = child.pid ?? 0;
    let given = 0;
    child.stdout.on('data', (piece: Buffer) => (given += piece.length));
    await waitUntil(() => given === bytes, { what: 'what it gives' });
    if (behaviour === 'hangs-after-all')
      await waitUntil(() => child.stdout.readableEnded, { what: 'the end of its output' });
    else expect(child.stdout.readableEnded).toBe(false);
    expect(doubles.leftovers()).toEqual([`process ${pid}`]);
    child.kill('SIGTERM');
    if (behaviour === 'ignores-term') {
      await waitUntil(() => livesOn(pid), { what: 'the signal to arrive' });
      child.kill('SIGKILL');
    }
    expect(await ended).toEqual([null, behaviour === 'ignores-term' ? 'SIGKILL' : 'SIGTERM']);
    expect(given).toBe(bytes);
  });

  it('starts a child of its own, which outlives it', async () => {
    doubles.behave('killed', { archive: clinicFixture, spawns: true });
    const started = start('mongodump');
    started.child.stdout.resume();
    // The other one holds the pipe.
    expect(await once(started.child, 'exit')).toEqual([null, 'SIGKILL']);
    const { child } = doubles.seen();
    expect(doubles.leftovers()).toEqual([`process ${String(child)}`]);
    process.kill(child ?? 0, 'SIGKILL');
  });

  it('says its version, or hangs, or is gone afterwards', async () => {
    doubles.behave('good', { version: '100.1.2' });
    expect((await run('mongodump', '--version')).stdout.toString()).toBe('tool version: 100.1.2\n');
    doubles.behave('good', { vanishes: true });
    expect((await run('mongodump', '--version')).code).toBe(0);
    expect(() => start('mongodump')).toThrow('ELOOP');
  });

  it('does nothing that it was not told', async () => {
    const { code, stderr } = await dump('dances');
    expect(code).not.toBe(0);
    expect(stderr).toContain('unknown behaviour dances');
  });
});

describe('a double of mongorestore', () => {
  it('takes everything, says what it was told, and ends with the code', async () => {
    doubles.restore({ begins: ['preparing'], says: ['2 document(s) restored'], exit: 3 });
    const { child, ended } = start('mongorestore');
    const said = buffer(child.stderr);
    child.stdin.end(clinic);
    expect(await ended).toEqual([3, null]);
    expect((await said).toString()).toMatch(/^\S+\tpreparing\n\S+\t2 document\(s\) restored\n$/);
    expect(doubles.hasSaid).toBe(true);
  });

  it('takes a part and dies by a signal', async () => {
    doubles.restore({ reads: 100, exit: 'SIGSEGV' });
    const { child, ended } = start('mongorestore');
    child.stdin.write(clinic);
    expect(await ended).toEqual([null, 'SIGSEGV']);
  });

  it.each(['hangs', 'ignores-term'] as const)('%s, and says the same again and again', async (exit) => {
    doubles.restore({ reads: 0, exit, repeats: 'still here' });
    const { child, ended } = start('mongorestore');
    let said = '';
    child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    const times = (count: number) =>
      waitUntil(() => said.split('still here').length > count, { what: 'what it repeats' });
    await times(3);
    child.kill('SIGTERM');
    if (exit === 'ignores-term') {
      said = '';
      await times(3);
      child.kill('SIGKILL');
    }
    expect(await ended).toEqual([null, exit === 'hangs' ? 'SIGTERM' : 'SIGKILL']);
  });
});
