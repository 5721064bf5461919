import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { Catalog, InsertOutcome, NewBackup } from '#catalog';
import type { ApiConfig } from '#config';
import { AppError, systemClock, systemRandom, type BackupRecord, type JobRequest } from '#contracts';
import type { RequestContext } from '../http/request-context.js';
import { ServiceLog } from '../logging/service-log.js';
import { TriggerBackup } from './trigger-backup.js';

const unavailable = new AppError({ code: 'queue/unavailable', stage: 'queue', message: 'down', retry: 'retry' });

interface Faults {
  readonly add?: () => Promise<void>;
  readonly withdraw?: () => Promise<boolean>;
  readonly insert?: (backup: NewBackup) => InsertOutcome;
  /** Answers of `deadline.passed()`, in order. */
  readonly passed?: boolean[];
}

function world(faults: Faults = {}, names = ['clinic']) {
  const inserted: NewBackup[] = [];
  const withdrawn: string[] = [];
  const jobs: JobRequest[] = [];
  const backups = {
    insert: (backup: NewBackup): Promise<InsertOutcome> => {
      inserted.push(backup);
      const record = { ...backup, status: 'pending' } as unknown as BackupRecord;
      return Promise.resolve(faults.insert?.(backup) ?? { outcome: 'inserted', record, superseded: [] });
    },
    withdraw: (backupId: string): Promise<boolean> => {
      withdrawn.push(backupId);
      return faults.withdraw?.() ?? Promise.resolve(true);
    },
  };
  const queue = {
    add: async (request: JobRequest): Promise<void> => {
      await faults.add?.();
      jobs.push(request);
    },
    isLive: () => Promise.resolve(false),
  };
  const config = { targets: names.map((name) => ({ name })) } as unknown as ApiConfig;
  const log = new ServiceLog(pino({ level: 'silent' }));
  const sut = new TriggerBackup({ backups } as unknown as Catalog, queue, config, systemClock, systemRandom, log);
  const passed = [...(faults.passed ?? [])];
  const context: RequestContext = {
    correlationId: 'a-correlation-id',
    deadline: {
      remainingMs: () => 1_000,
      passed: () => passed.shift() ?? false,
      signal: () => new AbortController().signal,
    },
    identity: null,
  };
  return { sut, context, inserted, withdrawn, jobs };
}

describe('the backup service: trigger', () => {
  it('inserts a pending record and adds its job', async () => {
    const { sut, context, inserted, jobs, withdrawn } = world();
    const record = await sut.trigger({ label: 'now', pinned: true }, context);
    expect(inserted).toEqual([
      {
        ...{ backupId: record.backupId, target: 'clinic', trigger: 'manual', slot: null, jobNumber: 1 },
        ...{ correlationId: 'a-correlation-id', createdAt: expect.any(Date) as unknown, label: 'now', pinned: true },
      },
    ]);
    expect(jobs).toEqual([{ name: 'backup', payload: { backupId: record.backupId }, jobId: `${record.backupId}-1` }]);
    expect(withdrawn).toEqual([]);
  });

  it('takes the record back when the queue does not take the job', async () => {
    const { sut, context, inserted, withdrawn } = world({ add: () => Promise.reject(unavailable) });
    await expect(sut.trigger({}, context)).rejects.toBe(unavailable);
    expect(withdrawn).toEqual([inserted[0]?.backupId]);
  });

  it('is accepted when a worker has begun it although the queue did not confirm the job', async () => {
    const withdraw = () => Promise.resolve(false);
    const { sut, context, inserted } = world({ add: () => Promise.reject(unavailable), withdraw });
    expect((await sut.trigger({}, context)).backupId).toBe(inserted[0]?.backupId);
  });

  it('tells the failure of the queue also when the record cannot be taken back', async () => {
    const withdraw = () => Promise.reject(new Error('down as well'));
    const { sut, context } = world({ add: () => Promise.reject(unavailable), withdraw });
    await expect(sut.trigger({}, context)).rejects.toBe(unavailable);
  });

  it.each([
    ['before the job was added', [true], 0],
    ['while it was added', [false, true], 1],
  ])('takes the record back when the client was told "no answer" %s', async (_when, passed, jobCount) => {
    const { sut, context, inserted, withdrawn, jobs } = world({ passed });
    await expect(sut.trigger({}, context)).rejects.toMatchObject({ code: 'request/timeout' });
    expect(withdrawn).toEqual([inserted[0]?.backupId]);
    expect(jobs).toHaveLength(jobCount);
  });

  it('names the running one when the target is busy, and adds nothing', async () => {
    const { sut, context, jobs, withdrawn } = world({ insert: () => ({ outcome: 'busy', runningId: 'the-other' }) });
    await expect(sut.trigger({}, context)).rejects.toMatchObject({
      code: 'backup/already-running',
      details: { runningId: 'the-other' },
    });
    expect([jobs, withdrawn]).toEqual([[], []]);
  });

  it('needs a target where there are several, and knows only those', async () => {
    const { sut, context, inserted } = world({}, ['clinic', 'lab']);
    await expect(sut.trigger({}, context)).rejects.toMatchObject({ code: 'request/invalid' });
    await expect(sut.trigger({ target: 'shop' }, context)).rejects.toMatchObject({ code: 'target/unknown' });
    expect(inserted).toEqual([]);
    expect((await sut.trigger({ target: 'lab' }, context)).target).toBe('lab');
  });
});
