import { describe, expect, it } from '@jest/globals';
import { judgeExit, judgeLine, judgeMemory, judgeOrphans, judgeText, mostWorkerBytes } from './process-rules.js';
import { recordOf } from './record-of.js';
import { viewOf } from './record-view.js';
import { judgeReply, type Reply } from './reply-rules.js';
import { falseAlarms, misjudged, notEnded, unexplained, withoutCause } from './rest-rules.js';
import { findSecrets } from './secret-rules.js';
import { SourceHistory, hashOf } from './source-history.js';

const rulesOf = (violations: readonly { readonly rule: string }[]) => violations.map(({ rule }) => rule);

describe('a reply', () => {
  const good: Reply = {
    ...{ request: 'GET /x', process: 'api1', status: 200, mediaType: 'application/json', tookMs: 20, lagMs: 0 },
    disturbed: false,
  };
  const problem = { status: 503, mediaType: 'application/problem+json; charset=utf-8' };
  it.each<[string, Partial<Reply>]>([
    ['500', { status: 500, mediaType: 'application/problem+json' }],
    ['502', { status: 502 }],
    ['an error that is no problem document', { status: 404, mediaType: 'text/html' }],
    ['too late', { tookMs: 3_200 }],
    ['too late, though the machine was busy', { tookMs: 3_300, lagMs: 100 }],
    ['none, while the process ran', { status: undefined }],
  ])('found: %s', (_what, changes) => {
    expect(rulesOf(judgeReply({ ...good, ...changes }))).toEqual(['reply']);
  });

  it.each<[string, Partial<Reply>]>([
    ['in time', {}],
    ['503 in time', problem],
    ['late because this machine was', { tookMs: 3_500, lagMs: 300 }],
    ['late on a machine that is too busy to tell', { tookMs: 9_000, lagMs: 600 }],
    ['late or none of a process that was frozen or killed', { status: undefined, disturbed: true }],
    ['late of a process that was frozen', { tookMs: 9_000, disturbed: true }],
  ])('right: %s', (_what, changes) => {
    expect(judgeReply({ ...good, ...changes })).toEqual([]);
  });
});

describe('a process', () => {
  it('that holds too much memory is found', () => {
    expect(rulesOf(judgeMemory('w', mostWorkerBytes + 1))).toEqual(['memory']);
    expect(judgeMemory('w', mostWorkerBytes)).toEqual([]);
  });

  it('that logs an error that nobody expected is found', () => {
    expect(rulesOf(judgeLine('w', { level: 'error', code: 'internal/unexpected', msg: 'job failed' }))).toEqual([
      'unexpected',
    ]);
    expect(rulesOf(judgeLine('w', { level: 'fatal', msg: 'end' }))).toEqual(['unexpected']);
    expect(judgeLine('w', { level: 'error', code: 'store/unreachable' })).toEqual([]);
    expect(rulesOf(judgeText('w', '(node:1) Warning'))).toEqual(['unexpected']);
  });

  it('that ends otherwise than it was told is found', () => {
    expect(rulesOf(judgeExit('w', { code: 1, signal: null }, 'nothing'))).toEqual(['process']);
    expect(rulesOf(judgeExit('w', { code: 0, signal: null }, 'nothing'))).toEqual(['process']);
    expect(rulesOf(judgeExit('w', { code: 1, signal: null }, 'ended'))).toEqual(['process']);
    expect(rulesOf(judgeExit('w', { code: null, signal: 'SIGSEGV' }, 'killed'))).toEqual(['process']);
    expect(judgeExit('w', { code: 0, signal: null }, 'ended')).toEqual([]);
    expect(judgeExit('w', { code: null, signal: 'SIGKILL' }, 'killed')).toEqual([]);
  });

  it('that is left behind is found', () => {
    expect(rulesOf(judgeOrphans(['17 mongodump']))).toEqual(['process']);
    expect(judgeOrphans([])).toEqual([]);
  });
});

it('a secret is found by its name, and not repeated', () => {
  const secrets = new Map([['the key', 'c0ffee']]);
  expect(findSecrets('a log', 'x c0ffee y', secrets)).toEqual([{ rule: 'secret', text: 'the key stands in a log' }]);
  expect(findSecrets('a log', 'x tea y', secrets)).toEqual([]);
});

describe('at rest', () => {
  const task = { taskId: 'a-v1', kind: 'verify', backupId: 'a', status: 'completed', nextAttemptAt: null, error: null };
  it.each([
    ['a record that runs', [recordOf('a', { status: 'in_progress' })], []],
    ['a record that waits', [recordOf('a', { status: 'pending' })], []],
    ['a deletion that was begun', [recordOf('a', { status: 'deleting' })], []],
    ['marks that are not written', [recordOf('a', { marksBehind: true })], []],
    ['a task that waits', [], [{ ...task, status: 'pending' }]],
  ])('found: %s', (_what, records, tasks) => {
    expect(rulesOf(notEnded(records, tasks))).toEqual(['ended']);
  });

  it('nothing is found where all is over', () => {
    expect(notEnded([recordOf('a'), recordOf('b', { status: 'deleted', marksBehind: true })], [task])).toEqual([]);
  });

  it('a failure without cause, stage or next step is found', () => {
    const error = { code: 'store/unreachable', stage: 'store', hint: 'Look' };
    const failed = recordOf('a', { status: 'failed', error, errorMessage: 'gone' });
    expect(withoutCause([failed], [{ ...task, status: 'failed', error }])).toEqual([]);
    for (const bad of [null, { ...error, hint: null }, { ...error, code: '' }]) {
      expect(rulesOf(withoutCause([{ ...failed, error: bad }], []))).toEqual(['cause']);
      expect(rulesOf(withoutCause([], [{ ...task, status: 'failed', error: bad }]))).toEqual(['cause']);
    }
    expect(rulesOf(withoutCause([{ ...failed, errorMessage: null }], []))).toEqual(['cause']);
  });

  it('a failure that no fault explains, and a verdict on what nobody damaged, are found', () => {
    const failed = (code: string) => recordOf('a', { status: 'failed', error: { code, stage: 'store', hint: 'x' } });
    expect(rulesOf(unexplained([failed('store/exists'), failed('commit/conflict')]))).toEqual([
      'unexpected',
      'unexpected',
    ]);
    expect(unexplained([failed('store/unreachable'), failed('superseded'), recordOf('b')])).toEqual([]);
    const verdict = (code: string) => ({ ...task, status: 'failed', error: { code, stage: 'verify', hint: 'x' } });
    expect(rulesOf(falseAlarms([verdict('container/corrupt')], new Map()))).toEqual(['complete']);
    expect(falseAlarms([verdict('container/corrupt')], new Map([['a', 'flipped']]))).toEqual([]);
    expect(falseAlarms([verdict('store/unreachable')], new Map())).toEqual([]);
  });

  it('a damage that nobody found, and a good one that is said to be bad, are found', () => {
    const damaged = new Map([['a', 'flipped' as const]]);
    expect(rulesOf(misjudged([recordOf('a')], damaged))).toEqual(['untouched']);
    expect(misjudged([recordOf('a', { verdict: 'bad' })], damaged)).toEqual([]);
    expect(misjudged([recordOf('a', { status: 'missing' })], damaged)).toEqual([]);
    expect(rulesOf(misjudged([recordOf('b', { verdict: 'bad' })], damaged))).toEqual(['complete']);
    expect(rulesOf(misjudged([recordOf('b', { verdict: null })], damaged))).toEqual(['complete']);
    expect(rulesOf(misjudged([recordOf('b', { status: 'missing' })], damaged))).toEqual(['complete']);
    expect(misjudged([recordOf('b')], damaged)).toEqual([]);
  });
});

describe('what a restore gave', () => {
  const history = new SourceHistory();
  const [one, two] = [
    { _id: 1, text: 'one' },
    { _id: 1, text: 'two' },
  ];
  history.wrote('notes/1', one, { from: 100, to: 110 });
  history.wrote('notes/1', two, { from: 200, to: 210 });
  history.wrote('notes/1', null, { from: 300, to: 310 });
  const compare = (found: object | null, from: number, to: number) =>
    history.compare(new Map(found === null ? [] : [['notes/1', hashOf(found)]]), { from, to });

  it('fits any version that stood in that span', () => {
    expect(compare(one, 120, 190)).toEqual([]);
    expect([compare(one, 120, 250), compare(two, 120, 250)]).toEqual([[], []]);
    expect([compare(null, 50, 90), compare(null, 320, 400), compare(null, 290, 320)]).toEqual([[], [], []]);
  });

  it.each([
    ['a version that was replaced before', one, 220, 290],
    ['a version that came later', two, 120, 190],
    ['a document that was gone before', two, 320, 400],
    ['nothing, where there was one', null, 120, 190],
    ['something that was never written', { _id: 1, text: 'three' }, 120, 190],
  ])('found: %s', (_what, found, from, to) => {
    expect(compare(found, from, to)).toHaveLength(1);
  });

  it('found: a document that nobody wrote', () => {
    expect(
      history.compare(
        new Map([
          ['notes/1', hashOf(one)],
          ['notes/9', 'x'],
        ]),
        { from: 120, to: 190 },
      ),
    ).toEqual(['notes/9 was never there']);
  });
});

it('a record is read with its newest verdict and the begin of its last deletion', () => {
  const verification = (status: string, code?: string) => ({ status, error: code === undefined ? null : { code } });
  const stored = {
    ...recordOf('a'),
    claim: { fence: 3 },
    commit: { attempt: 2 },
    verifications: [
      verification('completed'),
      verification('failed', 'container/corrupt'),
      verification('failed', 'store/unreachable'),
    ],
    events: [
      { at: new Date(5), type: 'deleting' },
      { at: new Date(7), type: 'deleting' },
      { at: new Date(9), type: 'deleted' },
    ],
  };
  expect(viewOf(stored)).toMatchObject({ fence: 3, commitAttempt: 2, verdict: 'bad', deletingAt: new Date(7) });
  expect(viewOf({ ...stored, verifications: [], commit: null, events: [] })).toMatchObject({
    verdict: null,
    commitAttempt: null,
  });
});
