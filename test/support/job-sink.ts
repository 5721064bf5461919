import { AppError, type JobRequest, type JobSink } from '#contracts';

/**
 * The queue in a test's hands: jobs end when the test says so, and the queue fails when it says so. Like BullMQ it keeps finished jobs, whose ids
 * cannot be added again.
 */
export class TestJobSink implements JobSink {
  readonly #jobs = new Map<string, { readonly request: JobRequest; live: boolean }>();
  /** While true, the queue cannot be reached. */
  down = false;

  add(request: JobRequest): Promise<void> {
    return this.#answer(() => {
      if (!this.#jobs.has(request.jobId)) this.#jobs.set(request.jobId, { request, live: true });
    });
  }

  isLive(_name: string, jobId: string): Promise<boolean> {
    return this.#answer(() => this.#jobs.get(jobId)?.live ?? false);
  }

  /** Ids of live jobs, sorted. */
  live(): readonly string[] {
    return [...this.#jobs].flatMap(([id, { live }]) => (live ? [id] : [])).sort();
  }

  /** The job was worked off, or died: it stays, finished. */
  finish(jobId: string): void {
    const job = this.#jobs.get(jobId);
    if (job !== undefined) job.live = false;
  }

  /** Redis lost everything. */
  lose(): void {
    this.#jobs.clear();
  }

  #answer<T>(work: () => T): Promise<T> {
    if (!this.down) return Promise.resolve(work());
    return Promise.reject(
      new AppError({ code: 'queue/unavailable', stage: 'queue', retry: 'retry', message: 'the queue is down' }),
    );
  }
}
