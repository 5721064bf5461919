import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Secret, type AppError } from '#contracts';
import { waitUntil } from '../../../../test/services/wait-until.js';
import { processesWith } from '../../../../test/support/leftovers.js';
import { ToolDoubles } from '../../../../test/support/tool-doubles.js';
import type { DumpProbe, DumpRequest } from '../engine.js';
import { dumpArguments } from './dump-arguments.js';
import { createMongodumpEngine } from './mongodump.engine.js';

// mongodump as a double that misbehaves on command (test/support/tool-double.mjs).

const fixture = fileURLToPath(new URL('../../../../test/fixtures/archives/clinic.archive', import.meta.url));
const archive = readFileSync(fixture);
const uri = new Secret('mongodb://user:canary-password@127.0.0.1:1/clinic');
const request: DumpRequest = { uri, databases: [], include: [], exclude: [] };
const probe: DumpProbe = {
  engine: { name: 'native', version: '0' },
  server: { version: '7.0.0', topology: 'standalone' },
  databases: ['clinic'],
  estimatedBytes: 1,
  warnings: [],
};

// Every test starts processes, on a machine that may be busy.
jest.setTimeout(30_000);

let doubles: ToolDoubles;
beforeEach(() => {
  doubles = new ToolDoubles();
});
afterEach(() => {
  const left = doubles.leftovers();
  doubles.close();
  expect(left).toEqual([]);
});
const behave = (behaviour: string, more: Record<string, unknown> = {}): void =>
  doubles.behave(behaviour, { archive: fixture, ...more });

const engine = (stallMs = 60_000) =>
  createMongodumpEngine({
    searchPath: doubles.searchPath,
    tmpDir: doubles.tmp,
    stallMs,
    killGraceMs: 200,
    probe: () => Promise.resolve(probe),
  });
async function run(
  signal = new AbortController().signal,
  stallMs?: number,
): Promise<{ bytes: Buffer | undefined; error: AppError | undefined }> {
  const { stream, result } = await engine(stallMs).dump(request, probe, signal);
  const outcome = await buffer(stream).then(
    (bytes) => ({ bytes, error: undefined }),
    (error: unknown) => ({ bytes: undefined, error: error as AppError }),
  );
  await result.catch((error: unknown) => expect(error).toBe(outcome.error));
  expect(doubles.leftovers()).toEqual([]);
  return outcome;
}

describe('mongodump', () => {
  it('gives its archive, and ends with it', async () => {
    behave('good');
    const { bytes, error } = await run();
    expect(error).toBeUndefined();
    expect(bytes?.equals(archive)).toBe(true);
  });

  it('gets the URI by a private file that has no name: nothing of it in arguments, environment or folders', async () => {
    behave('good');
    await run();
    const { argv, environ, cmdline, config, tmp } = doubles.seen();
    expect(argv.slice(2)).toEqual(['--config=/dev/fd/3', '--archive', '--db=clinic']);
    expect(config).toContain('canary-password');
    // What is killed now leaves no secret behind.
    expect(tmp).toEqual([]);
    expect(environ + cmdline).not.toMatch(/canary|user/);
    const names = environ.split('\0').map((entry) => entry.split('=')[0]);
    expect(names.filter((name) => name !== '')).toEqual(['PATH', 'HOME', 'LANG']);
  });

  it('dumps the oplog besides, and leaves the moment to whoever reads the archive', async () => {
    behave('good');
    const whole = { ...request, uri: new Secret('mongodb://127.0.0.1:1/'), oplog: true };
    const { stream, result } = await engine().dump(whole, probe, new AbortController().signal);
    await buffer(stream);
    expect((await result).consistency).toEqual({ mode: 'oplog', at: null });
    expect(doubles.seen().argv.slice(2)).toEqual(['--config=/dev/fd/3', '--archive', '--oplog']);
  });

  it('refuses an oplog of a part before it looks at the server', async () => {
    behave('good');
    await expect(engine().probe({ ...request, oplog: true }, new AbortController().signal)).rejects.toMatchObject({
      code: 'engine/unsupported',
      message: expect.stringContaining('whole replica set') as unknown,
    });
    expect(doubles.wasStarted).toBe(false);
  });

  it('is watched over while it runs, and by nobody afterwards', async () => {
    behave('hangs');
    const { stream, result } = await engine().dump(request, probe, new AbortController().signal);
    await once(stream, 'data');
    expect(processesWith(String(doubles.seen().pid))).toHaveLength(1);
    stream.destroy();
    await expect(result).rejects.toMatchObject({ code: 'run/cancelled' });
    await waitUntil(() => processesWith(String(doubles.seen().pid)).length === 0, { what: 'the end of the watch' });
  });

  it.each([
    ['fails-after-all', 'engine/failed', /exit code 1.*Failed: error reading/],
    ['killed', 'engine/killed', /SIGKILL/],
    ['killed-after-all', 'engine/killed', /SIGKILL/],
    ['empty', 'engine/no-output', /without a single byte/],
  ])('%s: no end of the stream, but %s', async (behaviour, code, message) => {
    behave(behaviour);
    const { error } = await run();
    expect(error).toMatchObject({ code, stage: 'dump' });
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain('canary');
  });

  it('floods stderr: runs through', async () => {
    behave('floods');
    expect((await run()).bytes?.equals(archive)).toBe(true);
  });

  it.each(['hangs', 'hangs-after-all', 'ignores-term'])(
    '%s: ended, group and all, when it gives no byte any more',
    async (behaviour) => {
      behave(behaviour, { spawns: true });
      expect((await run(undefined, 700)).error).toMatchObject({ code: 'engine/stalled' });
    },
  );

  it.each(['hangs', 'ignores-term'])('%s: an abort ends it, group and all', async (behaviour) => {
    behave(behaviour, { spawns: true });
    const abort = new AbortController();
    const { stream, result } = await engine().dump(request, probe, abort.signal);
    stream.once('data', () => abort.abort());
    await expect(buffer(stream)).rejects.toMatchObject({ code: 'run/cancelled' });
    await expect(result).rejects.toMatchObject({ code: 'run/cancelled' });
    expect(doubles.leftovers()).toEqual([]);
  });

  it('an abort before it is started: nothing is', async () => {
    behave('good');
    await expect(engine().dump(request, probe, AbortSignal.abort())).rejects.toMatchObject({ code: 'run/cancelled' });
    expect(doubles.wasStarted).toBe(false);
  });

  it('a consumer that lets go ends it, and that is no success', async () => {
    behave('hangs');
    const { stream, result } = await engine().dump(request, probe, new AbortController().signal);
    stream.once('data', () => stream.destroy());
    await expect(result).rejects.toMatchObject({ code: 'run/cancelled' });
    expect(doubles.leftovers()).toEqual([]);
  });

  it('a tool that cannot be started leaves no private file behind', async () => {
    behave('good', { vanishes: true });
    await expect(engine().dump(request, probe, new AbortController().signal)).rejects.toMatchObject({
      code: 'engine/failed',
      hint: expect.stringContaining('native') as unknown,
    });
    expect(doubles.leftovers()).toEqual([]);
  });
});

describe('what mongodump can serve', () => {
  const asked = (change: Partial<DumpRequest>) => dumpArguments({ ...request, ...change });
  it.each([
    [{}, ['--db=clinic']],
    [{ uri: new Secret('mongodb://h/admin') }, []],
    [{ uri: new Secret('mongodb://h/') }, []],
    [{ databases: ['a'] }, ['--db=a']],
    [{ exclude: ['clinic.a', 'clinic.b.c'] }, ['--db=clinic', '--excludeCollection=a', '--excludeCollection=b.c']],
    [{ include: ['clinic.a'] }, ['--db=clinic', '--collection=a']],
    [{ uri: new Secret('mongodb://h/'), oplog: true }, ['--oplog']],
  ] as [Partial<DumpRequest>, string[]][])('%j', (change, args) => {
    expect(asked(change)).toEqual({ args });
  });

  it.each([
    { databases: ['a', 'b'] },
    { include: ['clinic.*'] },
    { exclude: ['other.x'] },
    { include: ['clinic.a', 'clinic.b'] },
    { uri: new Secret('mongodb://h'), exclude: ['a.b'] },
    { oplog: true },
    { uri: new Secret('mongodb://h'), databases: ['a'], oplog: true },
    { uri: new Secret('mongodb://h'), exclude: ['a.b'], oplog: true },
  ] as Partial<DumpRequest>[])('not %j', (change) => {
    expect(asked(change)).toHaveProperty('reason');
  });
});
