import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, Secret, systemClock } from '#contracts';
import { waitUntil } from '../../../test/services/wait-until.js';
import type { Hook, HookedRun, Hooks, Verdict } from './hook.js';
import { withHooks } from './with-hooks.js';

// Commands are real programs of this machine.

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'hazina-hooks-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const run: HookedRun = {
  ...{ target: 'clinic', backupId: 'clinic-20261123T020000Z-k3f9q2', attempt: 2, trigger: 'schedule' },
  ...{ slot: new Date('2026-11-23T02:00:00.000Z'), correlationId: 'tick-1' },
};
const backup = { sizeBytes: 7, sha256: 'ab', documents: 3, databases: ['clinic'] };
const shell = (line: string, more: Partial<Hook> = {}, environment: Record<string, Secret> = {}): Hook => ({
  ...{ name: 'a hook', timeoutMs: 20_000, veto: true },
  does: { kind: 'command', argv: ['/bin/sh', '-c', line], environment },
  ...more,
});

interface Story {
  readonly asked: readonly string[];
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
  readonly value: string | null;
  readonly error: AppError | null;
}

async function story(
  hooks: Partial<Hooks>,
  work: () => Promise<string> = () => Promise.resolve('made'),
  signal = new AbortController().signal,
): Promise<Story> {
  const asked: string[] = [];
  let failures: readonly string[] = [];
  const observer = {
    begun: () => undefined,
    asked: (when: string, _hook: string, { kind }: Verdict) => void asked.push(`${when} ${kind}`),
    afterwards: (told: readonly string[]) => Promise.resolve(void (failures = told)),
  };
  const deps = { clock: systemClock, searchPath: '/usr/bin:/bin', signal, observer, afterAbortMs: 200 };
  const all = { before: [], after: [], ...hooks };
  try {
    const { value, warnings } = await withHooks(all, run, deps, work, () => backup);
    return { asked, failures, warnings, value, error: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { asked, failures, warnings: [], value: null, error };
  }
}

describe('before a backup', () => {
  it('each hook is asked, and knows what it is about', async () => {
    const file = join(folder, 'input');
    const line = `cat > ${file}; env | sort >> ${file}`;
    const { value, asked } = await story({ before: [shell(line, {}, { TOKEN: new Secret('let-me-in') })] });
    expect({ value, asked }).toEqual({ value: 'made', asked: ['before yes'] });
    const [json = '', ...environment] = readFileSync(file, 'utf8').trim().split('\n');
    expect(JSON.parse(json)).toEqual({
      ...{ schema: 'hazina-hook/1', event: 'backup.before', at: expect.any(String), target: 'clinic', attempt: 2 },
      ...{ backupId: run.backupId, trigger: 'schedule', slot: '2026-11-23T02:00:00.000Z', correlationId: 'tick-1' },
      ...{ outcome: null, error: null, backup: null },
    });
    // Nothing of this process's own environment, whatever it holds.
    expect(environment.filter((entry) => !/^(PWD|_|SHLVL|OLDPWD)=/.test(entry))).toEqual([
      ...['HAZINA_ATTEMPT=2', `HAZINA_BACKUP_ID=${run.backupId}`, 'HAZINA_EVENT=backup.before', 'HAZINA_TARGET=clinic'],
      ...['PATH=/usr/bin:/bin', 'TOKEN=let-me-in'],
    ]);
  });

  it.each([
    ['an exit code', 'echo the books are open >&2; exit 3', 'exit code 3: the books are open'],
    ['a word', 'echo \'{"veto": "the books are open"}\'', 'the books are open'],
    ['no reason', 'echo \'{"veto": true}\'', 'it gave no reason'],
    ['a line among others', 'echo asking; echo \'{"veto": "the books are open"}\'; echo done', 'the books are open'],
    ['a line after many', 'seq 20000; echo \'{"veto": "the books are open"}\'', 'the books are open'],
  ])('a veto by %s ends the run, once and for all, and later hooks are not asked', async (_how, line, reason) => {
    let isMade = false;
    const work = () => Promise.resolve((isMade = true)).then(() => 'made');
    const { error, asked } = await story({ before: [shell(line), shell('exit 0')] }, work);
    expect(error).toMatchObject({ code: 'hook/vetoed', stage: 'hook', retry: 'no-retry' });
    expect(error?.message).toBe(`The hook a hook said no: ${reason}`);
    expect({ isMade, asked }).toEqual({ isMade: false, asked: ['before no'] });
  });

  it('one without a veto only warns', async () => {
    const { value, warnings } = await story({ before: [shell('exit 1', { veto: false })] });
    expect({ value, warnings }).toEqual({ value: 'made', warnings: ['hook a hook before the backup: exit code 1'] });
  });

  it.each([
    ['no program', { argv: ['/nowhere/at-all'] }, 'no-retry', 'it cannot be started (ENOENT)'],
    ['a kill', { argv: ['/bin/sh', '-c', 'kill -9 $$'] }, 'retry', 'it was killed by SIGKILL'],
  ] as const)('%s is no answer', async (_what, { argv }, retry, reason) => {
    const does = { kind: 'command', argv, environment: {} } as const;
    const { error } = await story({ before: [{ ...shell(''), does }] });
    expect(error).toMatchObject({ code: 'hook/failed', retry });
    expect(error?.message).toContain(reason);
  });

  it.each([
    ['more than can be read', 'yes x | head -c 3000000', 'more than 1 MiB'],
    ['half a veto', 'printf \'{"veto": "the bo\'', 'is not JSON'],
  ])('%s is no answer either, and is asked for again', async (_what, line, reason) => {
    const { error } = await story({ before: [shell(line)] });
    expect(error).toMatchObject({ code: 'hook/failed', retry: 'retry' });
    expect(error?.message).toContain(reason);
    expect((await story({ after: [shell(line)] })).failures).toEqual([]);
  });

  it('its whole group ends at the limit, a child that ignores SIGTERM among them', async () => {
    const pids = join(folder, 'pids');
    const line = `trap '' TERM; (trap '' TERM; exec sleep 300) & echo $! $$ > ${pids}; wait`;
    const { error } = await story({ before: [shell(line, { timeoutMs: 1_000 })] });
    expect(error?.message).toContain('it did not end in time');
    const isAlive = (pid: string) => existsSync(`/proc/${pid}/status`) && !/State:\s+Z/.test(statusOf(pid));
    await waitUntil(() => !readFileSync(pids, 'utf8').trim().split(' ').some(isAlive), {
      what: 'the group to be gone',
    });
  });

  it('what it says is bounded, and holds no secret', async () => {
    const token = new Secret('s3cr3t-token');
    const line = 'yes x | head -c 3000000; echo; echo "$TOKEN mongodb://u:pw@h/"; exit 1';
    const { error } = await story({ before: [shell(line, {}, { TOKEN: token })] });
    expect(error?.message).toMatch(/x \[redacted\] mongodb:\/\/\[redacted\]@h\/$/);
    expect(error?.message.length).toBeLessThan(600);
  });
});

describe('after a backup', () => {
  const note = (file: string) => shell(`cat > ${file}`);

  it('a failure is told, and takes nothing from it', async () => {
    const { value, failures, warnings } = await story({ after: [shell('echo gone; exit 9'), shell('exit 0')] });
    expect(value).toBe('made');
    expect(failures).toEqual(['hook a hook after the backup: exit code 9: gone']);
    expect(warnings).toEqual(failures);
  });

  it.each([
    ['completed', () => Promise.resolve('made'), { error: null, backup }],
    [
      'failed',
      () =>
        Promise.reject(new AppError({ code: 'source/unreachable', stage: 'dump', message: 'away', retry: 'retry' })),
      { error: { code: 'source/unreachable', message: 'away', retryable: true }, backup: null },
    ],
  ] as const)('hooks are told that it %s', async (outcome, work, more) => {
    const file = join(folder, outcome);
    await story({ after: [note(file)] }, work);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ event: 'backup.after', outcome, ...more });
  });

  it('hooks are asked after a veto as well: an earlier one may have locked something', async () => {
    const file = join(folder, 'vetoed');
    const { error } = await story({ before: [shell('exit 0'), shell('exit 1')], after: [note(file)] });
    expect(error?.code).toBe('hook/vetoed');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ outcome: 'vetoed' });
  });

  it('none is asked when another worker has taken over', async () => {
    const fenced = new AppError({ code: 'run/fenced', stage: 'claim', message: 'another' });
    const { asked } = await story({ after: [shell('exit 0')] }, () => Promise.reject(fenced));
    expect(asked).toEqual([]);
  });

  it('they are asked although the run was cancelled in the middle of a hook before it', async () => {
    const abort = new AbortController();
    const begun = join(folder, 'begun');
    const telling = story(
      { before: [shell(`touch ${begun}; sleep 300`)], after: [note(join(folder, 'cancelled'))] },
      undefined,
      abort.signal,
    );
    await waitUntil(() => existsSync(begun), { what: 'the hook' });
    abort.abort(new AppError({ code: 'run/cancelled', stage: 'hook', message: 'as wished' }));
    const { error } = await telling;
    expect(error?.code).toBe('run/cancelled');
    expect(JSON.parse(readFileSync(join(folder, 'cancelled'), 'utf8'))).toMatchObject({ outcome: 'cancelled' });
  });
});

it('a run that is aborted while a hook after it works leaves it little time, and each after it', async () => {
  const abort = new AbortController();
  const begun = join(folder, 'begun-after');
  const hook = shell(`echo $$ >> ${begun}; sleep 300`, { timeoutMs: 300_000 });
  const telling = story({ after: [hook, shell('exit 0'), hook] }, undefined, abort.signal);
  await waitUntil(() => existsSync(begun), { what: 'the hook' });
  abort.abort(new AppError({ code: 'worker-shutdown', stage: 'hook', message: 'the end' }));
  const { value, asked, failures } = await telling;
  expect({ value, asked }).toEqual({ value: 'made', asked: ['after failed', 'after yes', 'after failed'] });
  expect(failures).toEqual(Array.from({ length: 2 }, () => expect.stringMatching(/did not end in time/)));
  expect(
    readFileSync(begun, 'utf8')
      .trim()
      .split('\n')
      .filter((pid) => !/State:\s+Z/.test(statusOf(pid))),
  ).toEqual([]);
});

it('a target without hooks asks nobody', async () => {
  expect(await story({})).toMatchObject({ value: 'made', asked: [] });
});

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return 'State:\tZ';
  }
}

it('a program that reads nothing is no error', async () => {
  writeFileSync(join(folder, 'unused'), '');
  const { value } = await story({ before: [shell('exec 0<&-; exit 0')] });
  expect(value).toBe('made');
});
