import type { JobName, JobPayloads } from '#contracts';

/** Works on one kind of job. */
export interface JobProcessor<N extends JobName = JobName> {
  readonly name: N;
  /**
   * Ends normally when the job has nothing left to do, also when its record is to be tried later: the record alone retries. Throws what should show
   * as failed in the queue. Aborting the signal means that the worker is shutting down: what runs is handed back.
   */
  process(payload: JobPayloads[N], signal: AbortSignal): Promise<void>;
}

export type AnyProcessor = { readonly [N in JobName]: JobProcessor<N> }[JobName];
