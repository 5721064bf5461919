import { describe, expect, it } from '@jest/globals';
import { cancelWished, fenced, shuttingDown, type BackupRepository, type HeldClaim } from '#catalog';
import { AppError, type BackupRecord, type JobRequest, type RunResources } from '#contracts';
import { defaultTuning } from '../core/tuning.js';
import type { WorkerParts } from '../core/worker-core.js';
import { createLog } from '#logging';
import { WorkerLog } from '../logging/worker-log.js';
import { endBackup } from './end-backup.js';

const log = new WorkerLog(createLog({ service: 'hazina-worker', level: 'silent', version: 'test' }));
const at = new Date('2026-11-25T12:00:00.000Z');
const resources: RunResources = { cpuSeconds: 1, peakRssBytes: 1, archiveBytesPerSecond: 1, eventLoopDelayMs: 1 };
const unreachable = new AppError({ code: 'source/unreachable', stage: 'probe', message: 'no server', retry: 'retry' });
const unknownDatabase = new AppError({ code: 'source/unknown-database', stage: 'probe', message: 'no such database' });
const afterCommit = (code: 'store/unreachable' | 'commit/conflict', retry: 'retry' | 'no-retry') =>
  new AppError({ code, stage: 'commit', message: 'after the commit', retry, details: { committed: true } });

/** A claim of a record with so many failures, and a catalogue that takes or refuses what is written. */
async function ended(
  thrown: AppError,
  given: { failures?: number; reason?: AppError; refuse?: readonly string[]; laterState?: 'cancelled' | null } = {},
) {
  const written: string[] = [];
  const jobs: JobRequest[] = [];
  const answer = (what: string) => {
    written.push(what);
    return Promise.resolve(given.refuse?.includes(what) !== true);
  };
  const backups: Partial<BackupRepository> = {
    fail: (_ref, { error }) => answer(`fail ${error.code}`),
    cancelled: () => answer('cancelled'),
    retryLater: (_ref, { error }, next) => {
      written.push(`later ${error.code} ${next.getTime() - at.getTime()}`);
      if (given.laterState === null) return Promise.resolve(null);
      const status = given.laterState ?? 'pending';
      return Promise.resolve({ backupId: 'clinic-1', jobNumber: 2, status } as BackupRecord);
    },
  };
  const abort = new AbortController();
  if (given.reason !== undefined) abort.abort(given.reason);
  const parts = {
    catalog: { backups },
    queue: { add: (job: JobRequest) => Promise.resolve(void jobs.push(job)) },
    clock: { now: () => at, monotonicMs: () => 0 },
    random: { bytes: (length: number) => Buffer.alloc(length) },
    config: { attempts: 3, lease: { leaseMs: 1_000 } },
    tuning: defaultTuning,
  } as unknown as WorkerParts;
  const record = { failures: given.failures ?? 0, claim: { fence: 4 } } as BackupRecord;
  const claim = { ref: { id: 'clinic-1', fence: 4 }, signal: abort.signal } as unknown as HeldClaim;
  const ending = await endBackup(parts, { record, claim, observer: {} as never, log }, thrown, { log, resources });
  return { state: ending.state, written, jobs: jobs.map(({ jobId, delayMs }) => `${jobId} in ${delayMs ?? 0}`) };
}

describe('a run that did not succeed', () => {
  it.each([
    [0, 'later source/unreachable 30000', 'clinic-1-2 in 30000'],
    [1, 'later source/unreachable 60000', 'clinic-1-2 in 60000'],
  ])('goes back to the queue while attempts are left, after %i failures', async (failures, written, job) => {
    expect(await ended(unreachable, { failures })).toEqual({ state: 'pending', written: [written], jobs: [job] });
  });

  it('is failed when the last attempt failed', async () => {
    expect(await ended(unreachable, { failures: 2 })).toMatchObject({
      state: 'failed',
      written: ['fail source/unreachable'],
    });
  });

  it('is failed at once when no repetition would mend it', async () => {
    expect(await ended(unknownDatabase)).toMatchObject({
      state: 'failed',
      written: ['fail source/unknown-database'],
      jobs: [],
    });
  });

  it('is cancelled when somebody wished so, whatever broke by it', async () => {
    expect(await ended(unreachable, { reason: cancelWished('clinic-1') })).toMatchObject({
      state: 'cancelled',
      written: ['cancelled'],
    });
  });

  it('is finished soon when the wish to cancel met the commit', async () => {
    const { state, written } = await ended(unreachable, { reason: cancelWished('clinic-1'), refuse: ['cancelled'] });
    expect([state, written]).toEqual(['pending', ['cancelled', 'later run/cancelled 0']]);
  });

  it('is cancelled when the catalogue found a wish as it went back', async () => {
    expect(await ended(unreachable, { laterState: 'cancelled' })).toMatchObject({ state: 'cancelled', jobs: [] });
  });

  it('goes back at once when the worker shuts down, its failures all used or not', async () => {
    expect(await ended(unreachable, { failures: 2, reason: shuttingDown('clinic-1') })).toEqual({
      ...{ state: 'pending', written: ['later worker-shutdown 0'], jobs: ['clinic-1-2 in 0'] },
    });
  });

  it.each([
    ['the claim is lost', unreachable, fenced('clinic-1', 'a test')],
    ['it found out itself', fenced('clinic-1', 'a test'), undefined],
  ])('writes nothing when %s', async (_why, thrown, reason) => {
    const given = reason === undefined ? {} : { reason };
    expect(await ended(thrown, given)).toEqual({ state: 'fenced', written: [], jobs: [] });
  });

  it('is quiet when the catalogue tells that another has taken over', async () => {
    expect((await ended(unreachable, { laterState: null })).state).toBe('fenced');
  });
});

describe('a run whose commit is recorded', () => {
  it('is finished later however often it failed', async () => {
    const { state, written } = await ended(afterCommit('store/unreachable', 'retry'), { failures: 99 });
    expect([state, written]).toEqual(['pending', ['later store/unreachable 240000']]);
  });

  it('is not cancelled any more', async () => {
    const { state } = await ended(afterCommit('store/unreachable', 'retry'), { reason: cancelWished('clinic-1') });
    expect(state).toBe('pending');
  });

  it('is failed when what was committed is gone or other than it was', async () => {
    const { state, written } = await ended(afterCommit('commit/conflict', 'no-retry'));
    expect([state, written]).toEqual(['failed', ['fail commit/conflict']]);
  });

  it('is finished later when only the catalogue knew that it is recorded', async () => {
    const { state, written } = await ended(unreachable, { failures: 2, refuse: ['fail source/unreachable'] });
    expect([state, written[1]]).toEqual(['pending', 'later source/unreachable 240000']);
  });
});
