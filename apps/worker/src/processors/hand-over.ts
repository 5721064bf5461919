import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, jobOfDrill, jobOfRestore, jobOfTask, type WaitingJob } from '#catalog';
import type { JobName, JobPayloads } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';

/** So long this worker takes no other job of the queue: whoever waits at it gets the one that was handed over. */
const handOverMs = 2_000;

interface Taken {
  readonly jobId: string | undefined;
  /** Aborted when the worker shuts down. */
  readonly signal: AbortSignal;
}

/**
 * Whether a job is not for this worker, because it opens what was sealed, which a worker that only writes cannot, while one that reads is alive: then it is back in the
 * queue, under its next number, this worker steps aside for a moment, and its record is as untouched as if nobody had taken it: nothing counts as a start. Where nobody alive reads, it is
 * worked on here, and ends as `keys/write-only`: that is told, and a job that waits for a worker that never comes is not.
 */
export async function handsOver<N extends JobName>(
  parts: WorkerParts,
  name: N,
  payload: JobPayloads[N],
  { jobId, signal }: Taken,
): Promise<boolean> {
  const { catalog, log, queue, ring } = parts;
  if (ring.opensWhatItSeals) return false;
  const waiting = await needingKey(parts, name, payload);
  if (waiting === null) return false;
  const readers = (await catalog.workers.all()).filter((worker) => isAlive(worker) && worker.reads !== false);
  if (readers.length === 0) return false;
  // Of an old number: the record has another job, and were this one handed over as well, there would be more and more of them.
  if (waiting.job.jobId !== jobId) return true;
  const job = await waiting.next();
  // Somebody else gave it another job meanwhile.
  if (job === null) return true;
  log.info('job left to a worker that reads', { job: name, jobId: job.jobId, readers: readers.length });
  // A queue that is down is no loss: the reconciler adds the job of a record that waits.
  await queue.add(job).catch((trouble: unknown) => {
    log.failure('job not added', trouble, 'queue');
  });
  await delay(handOverMs, undefined, { signal }).catch(() => undefined);
  return true;
}

/** Null: it needs no private key, or its record does not wait (any more). */
async function needingKey<N extends JobName>(
  { catalog }: WorkerParts,
  name: N,
  payload: JobPayloads[N],
): Promise<WaitingJob | null> {
  if ('restoreId' in payload) {
    const restore = await catalog.restores.find(payload.restoreId);
    return restore?.status === 'pending' ? jobOfRestore(catalog, restore) : null;
  }
  if ('drillId' in payload) {
    const drill = await catalog.drills.find(payload.drillId);
    return drill?.status === 'pending' ? jobOfDrill(catalog, drill) : null;
  }
  if (!('taskId' in payload) || name === 'cleanup') return null;
  const task = await catalog.tasks.find(payload.taskId);
  return task?.status === 'pending' && task.level !== 'stored' ? jobOfTask(catalog, task) : null;
}
