import { AppError, type JobName, type JobRequest, type JobSink } from '#contracts';
import type { WaitingJob } from './waiting-job.js';

/** What a look did, for the caller's log and metrics. */
export interface UpkeepReport {
  /** Leases that stood still: what became of the records. */
  readonly expired: readonly { readonly id: string; readonly status: string }[];
  /** Ids of jobs that were added. */
  readonly enqueued: readonly string[];
  /** Waiting backups that got their target's place. */
  readonly promoted: readonly string[];
  /** Ids of verifications that were made. */
  readonly verifications: readonly string[];
  /** Ids of notifications that were made. */
  readonly notifications: readonly string[];
  /** What could not be done this time; the next look finds it again by its state. */
  readonly problems: readonly AppError[];
}

/** Collects the report of one look. A step that fails does not keep the others from being done. */
export class Look {
  readonly #jobs: JobSink;
  readonly #expired: { id: string; status: string }[] = [];
  readonly #enqueued: string[] = [];
  readonly #problems: AppError[] = [];
  readonly promoted: string[] = [];
  readonly verifications: string[] = [];
  readonly notifications: string[] = [];

  constructor(jobs: JobSink) {
    this.#jobs = jobs;
  }

  /** Does a step; its error becomes a problem of the report. */
  async step(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#problems.push(AppError.from(error, 'queue'));
    }
  }

  /** The same for each, so that one that cannot be done does not hide the others. */
  async each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    for (const item of items) await this.step(() => work(item));
  }

  async enqueue(request: JobRequest): Promise<void> {
    await this.#jobs.add(request);
    this.#enqueued.push(request.jobId);
  }

  /** Gives a record that waits its next job, when the one that it has is in no queue. */
  async ensure({ job, next }: WaitingJob): Promise<void> {
    if (await this.isLive(job)) return;
    const following = await next();
    if (following !== null) await this.enqueue(following);
  }

  isLive(request: JobRequest): Promise<boolean> {
    return this.#jobs.isLive(request.name satisfies JobName, request.jobId);
  }

  expired(id: string, status: string): void {
    this.#expired.push({ id, status });
  }

  report(): UpkeepReport {
    const { promoted, verifications, notifications } = this;
    return {
      ...{ expired: this.#expired, enqueued: this.#enqueued, promoted, verifications, notifications },
      problems: this.#problems,
    };
  }
}
