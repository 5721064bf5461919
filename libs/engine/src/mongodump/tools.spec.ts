import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { AppError, Secret } from '#contracts';
import type { DumpProbe, DumpRequest, LoadRequest } from '../engine.js';
import { dumpArguments } from './dump-arguments.js';
import { findTool } from './find-tool.js';
import { createMongodumpEngine } from './mongodump.engine.js';
import { createMongorestoreEngine } from './mongorestore.engine.js';
import { withoutDatabase } from './tool-uri.js';

// The official tools as a double that misbehaves on command (test/support/tool-double.mjs).

const root = mkdtempSync(join(tmpdir(), 'hazina-tools-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fixture = fileURLToPath(new URL('../../../../test/fixtures/archives/clinic.archive', import.meta.url));
const double = fileURLToPath(new URL('../../../../test/support/tool-double.mjs', import.meta.url));
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

let folder: string;
let tmp: string;
/** The PATH of the double: its own folder, and that of Node. */
let searchPath: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'bin-'));
  tmp = join(folder, 'tmp');
  mkdirSync(tmp);
  for (const name of ['mongodump', 'mongorestore']) copyFileSync(double, join(folder, name));
  searchPath = `${folder}:${dirname(process.execPath)}`;
});
const behave = (behaviour: string, more: Record<string, unknown> = {}): void =>
  writeFileSync(join(folder, 'behaviour.json'), JSON.stringify({ archive: fixture, behaviour, ...more }));
const seen = (): { pid: number; argv: string[]; environ: string; cmdline: string; config: string; tmp: string[] } =>
  JSON.parse(readFileSync(join(folder, 'seen.json'), 'utf8')) as ReturnType<typeof seen>;
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

const engine = (stallMs = 60_000) =>
  createMongodumpEngine({ searchPath, tmpDir: tmp, stallMs, killGraceMs: 200, probe: () => Promise.resolve(probe) });
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
  expect(readdirSync(tmp)).toEqual([]);
  expect(isAlive(seen().pid)).toBe(false);
  return outcome;
}

describe('mongodump', () => {
  it('gives its archive, and ends with it', async () => {
    behave('good');
    const { bytes, error } = await run();
    expect(error).toBeUndefined();
    expect(bytes?.equals(archive)).toBe(true);
  });

  it('gets the URI by a private file that nobody finds: nothing of it in arguments, environment or folders', async () => {
    behave('good');
    await run();
    const { argv, environ, cmdline, config } = seen();
    expect(argv.slice(2)).toEqual(['--config=/dev/fd/3', '--archive', '--db=clinic']);
    expect(config).toBe("uri: 'mongodb://user:canary-password@127.0.0.1:1/?authSource=clinic'\n");
    expect(environ + cmdline).not.toMatch(/canary|user/);
    // A tool and a run that are killed now leave no secret behind.
    expect(seen().tmp).toEqual([]);
    expect(
      environ
        .split('\0')
        .map((entry) => entry.split('=')[0])
        .filter((name) => name !== ''),
    ).toEqual(['PATH', 'HOME', 'LANG']);
  });

  it.each([
    ['fails-after-all', 'engine/failed', /exit code 1.*Failed: error reading/],
    ['killed', 'engine/killed', /SIGKILL/],
    ['empty', 'engine/no-output', /without a single byte/],
  ])('%s: no end of the stream, but %s', async (behaviour, code, message) => {
    behave(behaviour);
    const { error } = await run();
    expect(error).toMatchObject({ code });
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain('canary');
  });

  it('floods stderr: runs through', async () => {
    behave('floods');
    expect((await run()).bytes?.equals(archive)).toBe(true);
  }, 30_000);

  it.each(['hangs', 'ignores-term'])(
    '%s: ended when it gives no byte any more',
    async (behaviour) => {
      behave(behaviour);
      expect((await run(undefined, 700)).error).toMatchObject({ code: 'engine/stalled' });
    },
    20_000,
  );

  it.each(['hangs', 'ignores-term'])(
    '%s: an abort ends it, group and all',
    async (behaviour) => {
      behave(behaviour);
      const abort = new AbortController();
      const { stream, result } = await engine().dump(request, probe, abort.signal);
      stream.once('data', () => abort.abort());
      await expect(buffer(stream)).rejects.toMatchObject({ code: 'run/cancelled' });
      await expect(result).rejects.toMatchObject({ code: 'run/cancelled' });
      expect(isAlive(seen().pid)).toBe(false);
      expect(readdirSync(tmp)).toEqual([]);
    },
    20_000,
  );

  it('a consumer that lets go ends it', async () => {
    behave('hangs');
    const { stream, result } = await engine().dump(request, probe, new AbortController().signal);
    stream.once('data', () => stream.destroy());
    await result.catch(() => undefined);
    expect(isAlive(seen().pid)).toBe(false);
  }, 20_000);
});

describe('finding the tool', () => {
  it('tells its version, also of a build without one', async () => {
    behave('good');
    expect(await findTool(searchPath, 'mongodump')).toMatchObject({ version: '100.9.9' });
    behave('good', { version: 'built-without-version-string' });
    expect(await findTool(searchPath, 'mongodump')).toMatchObject({ version: 'built-without-version-string' });
  });

  it.each([
    ['nothing there', () => rmSync(join(folder, 'mongodump')), 'engine/not-found'],
    ['not executable', () => chmodSync(join(folder, 'mongodump'), 0o644), 'engine/failed'],
    ['no program', () => writeFileSync(join(folder, 'mongodump'), 'text'), 'engine/failed'],
    ['too old', () => behave('good', { version: '3.6.0' }), 'engine/unsupported'],
  ])('%s', async (_name, spoil, code) => {
    behave('good');
    spoil();
    await expect(findTool(folder === '' ? '' : searchPath, 'mongodump')).rejects.toMatchObject({
      code,
      hint: expect.stringContaining('native') as unknown,
    });
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
  ] as [Partial<DumpRequest>, string[]][])('%j', (change, args) => {
    expect(asked(change)).toEqual({ args });
  });

  it.each([
    { databases: ['a', 'b'] },
    { include: ['clinic.*'] },
    { exclude: ['other.x'] },
    { include: ['clinic.a', 'clinic.b'] },
    { uri: new Secret('mongodb://h'), exclude: ['a.b'] },
  ] as Partial<DumpRequest>[])('not %j', (change) => {
    expect(asked(change)).toHaveProperty('reason');
  });

  it.each([
    ['mongodb://u:p@h:1/clinic', 'mongodb://u:p@h:1/?authSource=clinic'],
    ['mongodb://u:p@h:1/clinic?authSource=admin&tls=true', 'mongodb://u:p@h:1/?authSource=admin&tls=true'],
    ['mongodb://h:1,h2:2/clinic?replicaSet=rs', 'mongodb://h:1,h2:2/?replicaSet=rs'],
    ['mongodb+srv://u:p@h', 'mongodb+srv://u:p@h/'],
  ])('%s without its database', (before, after) => {
    expect(withoutDatabase(new Secret(before)).reveal()).toBe(after);
  });
});

describe('mongorestore', () => {
  const load = {
    uri,
    backupId: 'x',
    databases: [],
    include: [],
    exclude: [],
    rename: [{ from: 'a', to: 'c' }],
    mode: 'replace',
    confirm: [],
    onConflict: 'fail',
    ignoreWrites: false,
    strict: false,
  } satisfies LoadRequest;
  const sut = () =>
    createMongorestoreEngine({
      searchPath,
      tmpDir: tmp,
      killGraceMs: 200,
      plan: () => Promise.resolve({ namespaces: [], notes: [] }),
    });
  const restore = (source: Readable) => sut().load(load, source, new AbortController().signal);

  it('reports what it restored, and how it was called', async () => {
    behave('restores');
    const report = await restore(Readable.from([archive]));
    expect(report).toMatchObject({ outcome: 'restored', namespaces: [{ db: 'a', collection: 'b', documents: 3 }] });
    expect(seen().argv.slice(3)).toEqual([
      '--archive',
      '--stopOnError',
      '-j=4',
      '--numInsertionWorkersPerCollection=4',
      '--nsFrom=a.*',
      '--nsTo=c.*',
      '--drop',
    ]);
    expect(readdirSync(tmp)).toEqual([]);
  });

  it.each([
    ['restores-with-failures', /5 documents failed to restore/],
    ['says-nothing', /without saying how many/],
  ])('%s and exit code 0: a failure', async (behaviour, message) => {
    behave(behaviour);
    await expect(restore(Readable.from([archive]))).rejects.toMatchObject({
      code: 'restore/failed',
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('a source that fails: its error is the error, and nobody is left', async () => {
    behave('restores');
    const cause = new AppError({ code: 'container/corrupt', stage: 'open', message: 'as told' });
    const source = new Readable({ read: () => undefined });
    source.push(archive);
    setImmediate(() => source.destroy(cause));
    await expect(restore(source)).rejects.toBe(cause);
    expect(existsSync(join(folder, 'seen.json')) && isAlive(seen().pid)).toBe(false);
    expect(readdirSync(tmp)).toEqual([]);
  }, 20_000);
});
