import { describe, expect, it } from '@jest/globals';
import { Secret, type JobRequest } from '#contracts';
import { jobOptions } from './job-options.js';
import { workerOptions } from './worker-options.js';

const request = (changes: Partial<JobRequest> = {}): JobRequest => ({
  name: 'backup',
  payload: { backupId: 'b' },
  jobId: 'b-1',
  ...changes,
});

describe('the options of a job', () => {
  it('let the record alone retry', () => {
    const kept = { count: 1000, age: 604_800 };
    expect(jobOptions(request())).toEqual({ jobId: 'b-1', attempts: 1, removeOnComplete: kept, removeOnFail: kept });
  });

  it.each([
    [undefined, undefined],
    [0, undefined],
    [-5, undefined],
    [0.2, 1],
    [30_000, 30_000],
  ])('delay it by %p ms as %p', (delayMs, delay) => {
    const options = jobOptions(request(delayMs === undefined ? {} : { delayMs }));
    expect(options.delay).toBe(delay);
  });

  it.each(['', 'a:b', ':', '0', '20260102', 'x'.repeat(201)])('refuse the id %j', (jobId) => {
    expect(() => jobOptions(request({ jobId }))).toThrow(/job id/);
  });

  it.each(['clinic-20260102T030405Z-abc123-1', '1-2', '12a'])('take the id %j', (jobId) => {
    expect(jobOptions(request({ jobId })).jobId).toBe(jobId);
  });
});

describe('the options of a worker', () => {
  const settings = {
    redisUrl: new Secret('rediss://:p@redis.example/1'),
    connectionName: 'hazina-worker',
    prefix: 'hz',
  };

  it('outlive long pauses, and end jobs that kill their workers', () => {
    expect(workerOptions('backup', settings)).toMatchObject({
      prefix: 'hz',
      concurrency: 1,
      lockDuration: 120_000,
      lockRenewTime: 25_000,
      stalledInterval: 30_000,
      maxStalledCount: 1,
      maxStartedAttempts: 3,
      connection: {
        host: 'redis.example',
        db: 1,
        tls: {},
        maxRetriesPerRequest: null,
        connectionName: 'hazina-worker-backup',
      },
    });
  });

  it('can be shortened for tests', () => {
    const times = { lockDuration: 2_000, lockRenewTime: 500, stalledInterval: 1_000 };
    expect(workerOptions('backup', { ...settings, concurrency: 4, times })).toMatchObject({ ...times, concurrency: 4 });
  });
});
