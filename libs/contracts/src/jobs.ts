// What travels through the queue: ids only (Redis holds job data in clear text). MongoDB is the truth on everything else.

/** Queue names. */
export const queueNames = ['backup', 'verify', 'restore', 'drill', 'cleanup', 'notify'] as const;
export type QueueName = (typeof queueNames)[number];

/** Every job: its name, its payload, and the queue that carries it. A worker refuses to start when a name has no processor. */
export interface JobPayloads {
  /** Makes a backup, or finishes its commit. Job id `<backupId>-<jobNumber>`. */
  readonly backup: { readonly backupId: string };
  /** Runs a verification. Job id `<taskId>-<jobNumber>`. */
  readonly verify: { readonly taskId: string };
  /** Runs a restore. Job id `<restoreId>-<jobNumber>`. */
  readonly restore: { readonly restoreId: string };
  /** Runs a drill. Job id `<drillId>-<jobNumber>`. A queue of its own: nobody who needs a restore waits for a drill. */
  readonly drill: { readonly drillId: string };
  /** Runs a cleanup. Job id `<taskId>-<jobNumber>`. */
  readonly cleanup: { readonly taskId: string };
  /** Rewraps backups to the current key. Job id `<taskId>-<jobNumber>`. */
  readonly rotate: { readonly taskId: string };
  /** Brings the catalogue in line with the store. Job id `<taskId>-<jobNumber>`. */
  readonly sync: { readonly taskId: string };
  /** Removes a backup whose record is `deleting`. Repeatable. */
  readonly delete: { readonly backupId: string };
  /** Puts the `backup.json` that the record holds, where a rewrite was broken off after its commit (1). Repeatable. */
  readonly recommit: { readonly backupId: string };
  /** Writes pin and label of the record to the store's marks. Repeatable. */
  readonly marks: { readonly backupId: string };
  /** Delivers a notification to the channels that do not have it yet. Repeatable. */
  readonly notify: { readonly notificationId: string };
}
export type JobName = keyof JobPayloads;

export const queueOfJob: Readonly<Record<JobName, QueueName>> = {
  backup: 'backup',
  verify: 'verify',
  restore: 'restore',
  drill: 'drill',
  cleanup: 'cleanup',
  rotate: 'cleanup',
  sync: 'cleanup',
  delete: 'cleanup',
  recommit: 'cleanup',
  marks: 'cleanup',
  notify: 'notify',
};

export interface JobRequest<N extends JobName = JobName> {
  readonly name: N;
  readonly payload: JobPayloads[N];
  /** Unique among the queue's kept jobs; a second add with the same id is silently the first one. No `:`, not only digits. */
  readonly jobId: string;
  readonly delayMs?: number;
}

/** The queue as the catalogue's upkeep and the apps see it (libs/queue implements it). */
export interface JobSink {
  /** Adds a job; throws `queue/unavailable` (retry) when the queue does not confirm it in time. */
  add<N extends JobName>(request: JobRequest<N>): Promise<void>;
  /** Whether a job with this id is waiting, delayed, prioritised or active. Throws `queue/unavailable`. */
  isLive(name: JobName, jobId: string): Promise<boolean>;
}
