/** A source that is backed up, and how much lies in it. */
export interface TargetPlan {
  readonly name: string;
  /** Six fields; null: only on request. */
  readonly schedule: string | null;
  /** Documents of some hundred bytes. */
  readonly small: number;
  /** Documents of half a MiB that nothing compresses: where they are many, the upload has several parts. */
  readonly large: number;
}

export const targets: readonly TargetPlan[] = [
  { name: 'clinic', schedule: '*/15 * * * * *', small: 200, large: 14 },
  { name: 'shop', schedule: '5-59/20 * * * * *', small: 300, large: 2 },
  { name: 'archive', schedule: null, small: 100, large: 0 },
];

/** Where the service restores to; each takes one restore at a time. */
export const restoreTargets = ['lab', 'ward'] as const;

/** Seconds. Short, so that takeovers show at once. */
export const lease = { leaseSeconds: 6, beatSeconds: 1, reaperSeconds: 2 };
export const shutdownGraceSeconds = 8;
/** What a process may take beyond its grace to be gone on a busy machine. */
export const endWithinMs = (shutdownGraceSeconds + 10) * 1000;

/** What API and workers share, besides where everything is. */
export const settings: Readonly<Record<string, string>> = {
  BACKUP_ENGINE: 'native',
  BACKUP_LEASE_SECONDS: String(lease.leaseSeconds),
  BACKUP_BEAT_SECONDS: String(lease.beatSeconds),
  BACKUP_REAPER_SECONDS: String(lease.reaperSeconds),
  BACKUP_SHUTDOWN_GRACE_SECONDS: String(shutdownGraceSeconds),
  BACKUP_CLEANUP_SCHEDULE: '20 * * * * *',
  BACKUP_ORPHAN_GRACE_HOURS: '0.003',
  BACKUP_RETENTION_DAYS: '1',
  BACKUP_KEEP_LAST: '4',
  BACKUP_MIN_KEEP: '3',
  BACKUP_CONCURRENCY: '2',
  // Some seconds for the large target, so that its middle can be met.
  BACKUP_THROTTLE_BYTES_PER_SECOND: '2500000',
  BACKUP_STALL_SECONDS: '10',
  S3_PART_SIZE: '5242880',
  S3_UPLOAD_CONCURRENCY: '2',
  RESTORE_TARGETS: restoreTargets.join(','),
  LOG_LEVEL: 'debug',
};

/** The targets file; it holds names of variables, and no secret. */
export function targetsFile(databaseOf: (target: string) => string): string {
  const text = targets.map(
    ({ name, schedule }) =>
      `  - name: ${name}\n    uriVariable: SOURCE_URI\n    databases: [${databaseOf(name)}]\n    schedule: '${schedule ?? 'off'}'\n`,
  );
  return `targets:\n${text.join('')}`;
}
