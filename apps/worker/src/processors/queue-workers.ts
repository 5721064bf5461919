import { Inject, Injectable } from '@nestjs/common';
import { UnrecoverableError, Worker, type Job } from 'bullmq';
import { AppError, queueNames, type QueueName } from '#contracts';
import { workerOptions } from '#queue';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { quietly } from '#logging';
import { handsOver } from './hand-over.js';
import { isJobName, parsePayload } from './parse-payload.js';
import type { JobProcessor } from './job-processor.js';
import type { ProcessorTable } from './processor-table.js';

/** Injects the ProcessorTable. */
export const PROCESSORS = Symbol('PROCESSORS');

/**
 * One BullMQ worker a queue. Plain workers and not those of @nestjs/bullmq: they are begun when everything is there, and their processor declares the
 * three parameters without which BullMQ makes no AbortSignal. A lost lock is told and aborts nothing: the record's lease decides who works.
 */
@Injectable()
export class QueueWorkers {
  readonly #workers: Worker[] = [];
  #isDraining = false;
  #running = 0;

  constructor(
    @Inject(PARTS) private readonly parts: WorkerParts,
    @Inject(PROCESSORS) private readonly processors: ProcessorTable,
  ) {}

  /** Jobs that are being worked on. */
  get running(): number {
    return this.#running;
  }

  start(): void {
    for (const queue of queueNames) this.#workers.push(this.#open(queue));
  }

  /** Takes no further job; what runs goes on. */
  async pause(): Promise<void> {
    this.#isDraining = true;
    await Promise.all(this.#workers.map((worker) => worker.pause(true)));
  }

  /** Aborts the signal of everything that runs. */
  abort(): void {
    for (const worker of this.#workers) worker.cancelAllJobs('worker-shutdown');
  }

  /** Waits for what runs, and for Redis to take how it ended. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#workers.map((worker) => worker.close()));
  }

  /** Breaks the connections of workers whose close() waits for a Redis that is away: BullMQ cannot force a close that has begun. */
  disconnect(): void {
    for (const worker of this.#workers) void worker.disconnect().catch(() => undefined);
  }

  /** A round trip of the first worker's own connection. */
  async roundTrip(): Promise<void> {
    await this.#workers[0]?.getBackend().isMaxed();
  }

  #open(queue: QueueName): Worker {
    const { config, tuning, log, clock } = this.parts;
    const worker = new Worker(
      queue,
      (job, token, signal) => this.#process(job, token, signal),
      workerOptions(queue, {
        ...{
          redisUrl: config.redisUrl,
          prefix: config.redisPrefix,
          connectionName: 'hazina-worker',
          times: tuning.locks,
        },
        concurrency: queue === 'backup' ? config.concurrency : 1,
      }),
    );
    const once = quietly(clock);
    worker.on('error', (error) => once(error.name, () => log.warn('queue trouble', { queue, reason: error.message })));
    worker.on('lockRenewalFailed', (jobIds) => log.warn('lock of a job lost', { queue, jobIds }));
    worker.on('stalled', (jobId) => log.warn('job of a lost worker', { queue, jobId }));
    return worker;
  }

  async #process(job: Job, _token: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    this.#running += 1;
    try {
      await this.#dispatch(job, signal);
    } catch (thrown) {
      throw this.#translate(job, AppError.from(thrown, 'queue'));
    } finally {
      this.#running -= 1;
    }
  }

  async #dispatch({ id: jobId, name, data }: Job, signal: AbortSignal | undefined): Promise<void> {
    if (signal === undefined) throw new Error('BullMQ gave no AbortSignal');
    // Taken in the moment in which fetching stopped: its record is untouched, and the reconciler of another process adds its job again.
    if (this.#isDraining) throw ending();
    if (!isJobName(name)) throw unknownName(name);
    const processor: JobProcessor = this.processors[name];
    const payload = parsePayload(name, data);
    if (await handsOver(this.parts, name, payload, { jobId, signal })) return;
    await processor.process(payload, signal);
  }

  /** How a failed job shows in the queue. */
  #translate({ id, name, queueName }: Job, error: AppError): Error {
    this.parts.log.failure('job failed', error, 'queue', { jobId: id, job: name, queue: queueName });
    const message = `${error.code}: ${error.message}`;
    return error.retry === 'retry' ? new Error(message) : new UnrecoverableError(message);
  }
}

function ending(): AppError {
  return new AppError({ code: 'worker-shutdown', stage: 'queue', retry: 'retry', message: 'The worker is ending' });
}

function unknownName(name: string): AppError {
  return new AppError({
    code: 'request/invalid',
    stage: 'queue',
    message: `Nobody knows jobs of the name ${JSON.stringify(name)}`,
    hint: 'Is a newer version, or another program, using the same Redis and REDIS_PREFIX?',
  });
}
