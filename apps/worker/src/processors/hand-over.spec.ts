import { beforeEach, expect, it } from '@jest/globals';
import type { JobRequest } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';
import { handsOver } from './hand-over.js';

const payload = { taskId: 'clinic-20261126T101344Z-fj9qlg-v1' };
let added: JobRequest[];
let jobNumber: number;
let end: AbortController;

beforeEach(() => {
  added = [];
  jobNumber = 4;
  end = new AbortController();
});

/** Of a worker that only writes, beside one that reads; the record of a verification waits. */
function parts(): WorkerParts {
  const record = () => ({ ...payload, kind: 'verify', status: 'pending', level: 'readable', jobNumber });
  const nextJob = (_taskId: string, seen: number) => Promise.resolve(seen === jobNumber ? (jobNumber += 1) : null);
  const double = {
    ring: { opensWhatItSeals: false },
    catalog: {
      tasks: { find: () => Promise.resolve(record()), nextJob },
      workers: {
        all: () => Promise.resolve([{ workerId: 'reads/1', reads: true, sinceBeatMs: 0, beatSeconds: 5 }]),
      },
    },
    queue: { add: (job: JobRequest) => Promise.resolve(void added.push(job)) },
    log: { info: () => undefined, failure: () => undefined },
  };
  return double as unknown as WorkerParts;
}

const handed = (number: number) =>
  handsOver(parts(), 'verify', payload, { jobId: `${payload.taskId}-${number}`, signal: end.signal });

it('the next job is in the queue at once, and this worker steps aside until it ends', async () => {
  let isBack = false;
  const over = handed(4).finally(() => (isBack = true));
  while (added.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(added).toEqual([{ name: 'verify', payload, jobId: `${payload.taskId}-5` }]);
  expect(isBack).toBe(false);
  end.abort();
  expect(await over).toBe(true);
});

it('a job of an old number ends: the record has another one', async () => {
  expect(await handed(3)).toBe(true);
  expect({ added, jobNumber }).toEqual({ added: [], jobNumber: 4 });
});
