import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError } from '#contracts';
import { runBackup, runCleanup, runVerify, silentObserver } from '#pipeline';
import type { ObjectStore, RepeatedRequest } from '#storage';
import { backupDeps, backupRequest, noAbort, testRing } from '../support/backup-world.js';
import { repeatedArchive } from '../support/generated-archive.js';
import { MovedClock } from '../support/moved-clock.js';
import { replaceCalls } from '../support/replace-calls.js';
import { s3World, smallParts, type S3World } from '../support/s3-world.js';
import type { S3Fault, S3Rule } from '../support/s3-proxy.js';

// An upload through a network and a store that fail: it ends as a backup that verifies (I1, I2), or as a named failure (I11) that leaves nothing (I4).

const patience = 90_000;
/** Of a run that meets one stalled request or a few refusals: the pauses between tries, and one limit of silence. */
const boundMs = 30_000;
/** Four parts and a rest, as it is not compressed. */
const archive = repeatedArchive(4 * smallParts);
let world: S3World;
beforeAll(async () => {
  world = await s3World();
});
afterAll(() => world.close());
afterEach(() => world.proxy.heal());

const request = () => backupRequest({ compression: { codec: 'none', level: undefined } });
const backUp = (store: ObjectStore, asked = request()) => runBackup(backupDeps(store, { archive }), asked, noAbort);
const struckBy = (fault: string) => world.proxy.requests.filter((seen) => seen.fault === fault);

/** The backup stands, alone in its folder, and every byte of it is right. */
async function stands(store: ObjectStore, asked = request()): Promise<void> {
  const { backup } = await backUp(store, asked);
  const folder = `clinic/${backup.backupId}`;
  const ours = (await world.contents()).filter((key) => key.includes(folder));
  expect(ours).toEqual([`${folder}/1/data.hzn`, `${folder}/1/manifest.hzn`, `${folder}/backup.json`]);
  const verified = await runVerify(
    { store: world.direct, ring: testRing, observer: silentObserver },
    { backupId: backup.backupId, level: 'readable' },
    noAbort,
  );
  expect(verified.archiveBytes).toBe(archive.bytes);
}

async function failure(work: Promise<unknown>): Promise<AppError> {
  const outcome: unknown = await work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (outcome instanceof AppError) return outcome;
  throw new Error(`no AppError: ${String(outcome)}`);
}

describe('a fault that passes', () => {
  const cases: [string, S3Fault, S3Rule][] = [
    ['F22 503 for one part, three times', slowDown(), { operation: 'UploadPart', partNumber: 2, times: 3 }],
    [
      'F22 500 for one part, three times',
      refused(500, 'InternalError'),
      { operation: 'UploadPart', partNumber: 3, times: 3 },
    ],
    ['F22 503 when the upload begins', slowDown(), { operation: 'CreateMultipartUpload', times: 2 }],
    [
      'F24 a part that is taken and never answered',
      { kind: 'stall' },
      { operation: 'UploadPart', partNumber: 2, times: 1 },
    ],
    [
      'F25 a reset in the middle of a part',
      { kind: 'reset-request', after: 2_000_000 },
      { operation: 'UploadPart', partNumber: 1, times: 2 },
    ],
    [
      'F25 a part that arrived, and its reply lost',
      { kind: 'lose-reply' },
      { operation: 'UploadPart', partNumber: 2, times: 1 },
    ],
    [
      'F26 200 with an error in its body on completion',
      { kind: 'error-in-200', code: 'InternalError' },
      { operation: 'CompleteMultipartUpload', times: 1 },
    ],
    [
      'F26 a completion that was applied, and its reply lost',
      { kind: 'lose-reply' },
      { operation: 'CompleteMultipartUpload', times: 1 },
    ],
    [
      'F26 a completion that was applied, its reply lost, and its repetition refused because it stands there',
      { kind: 'lose-reply' },
      { operation: 'CompleteMultipartUpload', times: 2 },
    ],
    [
      'F26 an object of one request that was applied, and its reply lost',
      { kind: 'lose-reply' },
      { operation: 'PutObject', key: /manifest\.hzn$/, times: 1 },
    ],
    [
      'F26 the commit applied, and its reply lost',
      { kind: 'lose-reply' },
      { operation: 'PutObject', key: /backup\.json$/, times: 1 },
    ],
  ];
  it.each(cases)(
    '%s: the backup stands',
    async (_name, fault, rule) => {
      const repeated: RepeatedRequest[] = [];
      const store = await world.open({}, (one) => repeated.push(one));
      const told = world.proxy.on(fault, rule);
      const began = performance.now();
      await stands(store);
      expect(performance.now() - began).toBeLessThan(boundMs);
      expect(told.struck).toBe(rule.times);
      expect(struckBy(fault.kind).length).toBeGreaterThanOrEqual(rule.times ?? 1);
      // Each repetition is told, with its number and the reason.
      const ours = repeated.filter(({ operation }) => operation === rule.operation);
      expect(ours.map(({ attempt, part }) => ({ attempt, part }))).toEqual(
        Array.from({ length: rule.times ?? 0 }, (_, at) => ({ attempt: at + 2, part: rule.partNumber })),
      );
      if (fault.kind === 'reply') expect(ours.map(({ reason }) => reason)).toEqual(ours.map(() => fault.code));
    },
    patience,
  );
});

describe('a fault that stays', () => {
  const cases: [string, S3Fault, S3Rule, string][] = [
    ['F23 503 for every part', slowDown(), { operation: 'UploadPart' }, 'store/unreachable'],
    ['F24 no part is ever answered', { kind: 'stall' }, { operation: 'UploadPart' }, 'store/unreachable'],
    [
      'F25 every connection is reset',
      { kind: 'reset-request', after: 100_000 },
      { operation: 'UploadPart' },
      'store/unreachable',
    ],
    [
      'F26 every completion is an error in a 200',
      { kind: 'error-in-200', code: 'InternalError' },
      { operation: 'CompleteMultipartUpload' },
      'store/unreachable',
    ],
  ];
  it.each(cases)(
    '%s: a failure with a name, nothing left, and the next run is not affected',
    async (_name, fault, rule, code) => {
      const store = await world.open({ maxAttempts: 2 });
      const before = await world.contents();
      const told = world.proxy.on(fault, rule);
      const began = performance.now();
      const error = await failure(backUp(store));
      expect(performance.now() - began).toBeLessThan(boundMs);
      expect(error).toMatchObject({ code, retry: 'retry', hint: expect.any(String) as unknown });
      expect(await world.contents()).toEqual(before);
      told.end();
      await stands(store);
    },
    patience,
  );

  it(
    'F23 503 for everything, the abort too: the open upload is named, and the sweeper ends it',
    async () => {
      const store = await world.open({ maxAttempts: 2 });
      // What the store can do is found out before: that takes a removal.
      await store.abilities();
      const before = await world.contents();
      world.proxy.on(slowDown(), {
        operation: ['UploadPart', 'AbortMultipartUpload', 'DeleteObject', 'ListMultipartUploads'],
      });
      const error = await failure(backUp(store));
      expect(error).toMatchObject({ code: 'store/unreachable', retry: 'retry' });
      expect(error.details).toMatchObject({ openUploadId: expect.any(String) as unknown });
      expect(error.message).toContain('could not be aborted');
      world.proxy.heal();
      expect((await world.contents()).filter((entry) => entry.startsWith('upload of'))).toHaveLength(1);

      const clock = new MovedClock(new Date());
      // The bucket's own Date would hold the time back.
      const timeless = replaceCalls(world.direct, { serverTime: () => Promise.resolve(null) });
      const sweep = () =>
        runCleanup(
          { store: timeless, clock, observer: silentObserver },
          {
            target: 'clinic',
            dryRun: false,
            confirm: null,
            graceMs: 3_600_000,
            expectedStoreId: null,
            policyOf: () => null,
          },
          noAbort,
        );
      expect((await sweep()).orphansRemoved).toBe(0);
      clock.pass(3_600_000);
      expect((await sweep()).orphansRemoved).toBe(1);
      expect(await world.contents()).toEqual(before);
    },
    patience,
  );
});

describe('F24 the bound', () => {
  it(
    'F24 a part was cut off, and the upload is there again after an abort that was confirmed: it is aborted until it is gone',
    async () => {
      const store = await world.open({ maxAttempts: 1 });
      const before = await world.contents();
      world.proxy.on({ kind: 'reset-request', after: 100_000 }, { operation: 'UploadPart', partNumber: 2 });
      const confirmed = world.proxy.on(refused(200, 'Confirmed'), { operation: 'AbortMultipartUpload', times: 2 });
      await failure(backUp(store));
      expect(confirmed.struck).toBe(2);
      expect(await world.contents()).toEqual(before);
    },
    patience,
  );

  it(
    'F24 an abort while a part is stalled ends the run at once, and the upload with it',
    async () => {
      const store = await world.open({ socketTimeoutMs: 60_000 });
      const before = await world.contents();
      const abort = new AbortController();
      world.proxy.on(
        { kind: 'stall' },
        { operation: 'UploadPart', when: () => (setImmediate(() => abort.abort()), true) },
      );
      const began = performance.now();
      const error = await failure(runBackup(backupDeps(store, { archive }), request(), abort.signal));
      expect(error.code).toBe('run/cancelled');
      expect(performance.now() - began).toBeLessThan(20_000);
      expect(await world.contents()).toEqual(before);
    },
    patience,
  );
});

function slowDown(): S3Fault {
  return refused(503, 'SlowDown');
}

function refused(status: number, code: string): S3Fault {
  return { kind: 'reply', status, code };
}
