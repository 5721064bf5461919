import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const prefix = 'hazina_';
// From seconds to half a day: small databases and large ones.
const runBuckets = [1, 5, 15, 30, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200];
const httpBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export type Instruments = ReturnType<typeof createInstruments>;

/**
 * Every metric of the product: names, help and labels. Labels have few values: targets and restore targets come from the
 * configuration, everything else from closed lists; never an id.
 */
export function createInstruments(registry: Registry) {
  const registers = [registry];
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> => {
    const made = new Gauge({ name: prefix + name, help, labelNames, registers });
    // Without labels it would show 0 before anybody knows: a time of 0 reads as "never".
    if (labelNames.length === 0) made.remove();
    return made;
  };
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name: prefix + name, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: L[]
  ): Histogram<L> => new Histogram({ name: prefix + name, help, buckets, labelNames, registers });

  return {
    buildInfo: gauge('build_info', 'Always 1; the version stands in the labels', 'app', 'version', 'node_version'),

    configInvalid: gauge(
      'config_invalid',
      '1: the configuration that was last to be read again has errors, and the one before it is in force',
    ),
    lastSuccess: gauge('backup_last_success_timestamp_seconds', 'When the newest good backup was completed', 'target'),
    lastAttempt: gauge('backup_last_attempt_timestamp_seconds', 'When the newest backup was begun', 'target'),
    lastStatus: gauge('backup_last_status', 'Outcome of the newest backup that ended: 1 completed, 0 failed', 'target'),
    lastSize: gauge('backup_last_size_bytes', 'Stored bytes of the newest good backup', 'target'),
    expectedInterval: gauge('backup_expected_interval_seconds', 'Longest time between two scheduled backups', 'target'),
    backups: counter('backups_total', 'Backups that ended', 'target', 'trigger', 'result'),
    backupDuration: histogram(
      'backup_duration_seconds',
      'Duration of completed backups',
      runBuckets,
      'target',
      'trigger',
    ),
    backupBytes: counter('backup_bytes_total', 'Bytes that passed a stage of backups', 'target', 'stage'),
    backupCpu: gauge(
      'backup_cpu_seconds',
      'CPU time of the process during the newest backup, with that of the programs that it ran (mongodump)',
      'target',
    ),
    backupPeakRss: gauge('backup_peak_rss_bytes', 'Highest memory of the process during the newest backup', 'target'),

    verifyLastSuccess: gauge(
      'verify_last_success_timestamp_seconds',
      'When a backup last passed a verification',
      'target',
    ),
    verifications: counter('verifications_total', 'Verifications that ended', 'target', 'level', 'result'),
    restores: counter('restores_total', 'Restores that ended', 'target', 'result'),
    restoreDuration: histogram('restore_duration_seconds', 'Duration of completed restores', runBuckets, 'target'),
    restoreLastSuccess: gauge(
      'restore_last_success_timestamp_seconds',
      'When a restore into the target was last completed',
      'target',
    ),

    drills: counter('drills_total', 'Drills that ended', 'target', 'result'),
    drillLastSuccess: gauge('drill_last_success_timestamp_seconds', 'When a drill last found all equal', 'target'),
    recoveryTime: gauge(
      'recovery_time_seconds',
      'How long the newest drill took to restore a backup of the target (RTO)',
      'target',
    ),
    recoveryPoint: gauge(
      'recovery_point_timestamp_seconds',
      'When the newest backup that can be restored was begun: what was written later is lost with the server (RPO)',
      'target',
    ),

    retentionDeleted: counter('retention_deleted_total', 'Backups that retention removed'),
    retentionLastRun: gauge('retention_last_run_timestamp_seconds', 'When retention last ran to its end'),
    retentionLocked: gauge(
      'retention_locked',
      'Backups that only a lock of the store keeps: they go when it ends, by the newest cleanup',
    ),
    retentionRefused: gauge(
      'retention_refused',
      'Backups that no rule keeps and that were not removed, for the store or a bound refused it, by the newest cleanup',
    ),
    recoveryWindowOldest: gauge(
      'recovery_window_oldest_timestamp_seconds',
      'When the oldest backup that can be restored was completed',
      'target',
    ),
    orphanUploads: gauge('orphan_multipart_uploads', 'Unfinished uploads in the store that belong to no run'),
    orphanObjects: gauge('orphan_objects', 'Objects in the store that belong to no backup'),
    missingObjects: gauge('missing_objects', 'Completed backups whose objects are not in the store'),

    storageUsed: gauge('storage_used_bytes', 'What all backups take in the store, by their records'),
    quota: gauge('storage_quota_bytes', 'BACKUP_QUOTA_BYTES'),
    quotaDaysLeft: gauge('storage_quota_days_until_full', 'Days until the quota is full, as backups grow now'),
    replicaUp: gauge(
      'replica_up',
      'Whether the destination answers and is the store that it was: 1 or 0',
      'destination',
    ),
    replicaCopies: gauge('replica_copies', 'Copies of backups in the destination, by state', 'destination', 'state'),
    replicaBytes: counter('replica_copied_bytes_total', 'Bytes that were copied to the destination', 'destination'),
    replicaFailures: counter(
      'replica_failures_total',
      'Copies, verifications and removals there that failed',
      'destination',
    ),
    replicaStored: gauge('replica_stored_bytes', 'What the copies in the destination take', 'destination'),
    replicaQuota: gauge('replica_quota_bytes', 'quotaBytes of the destination', 'destination'),
    replicaQuotaDaysLeft: gauge(
      'replica_quota_days_until_full',
      'Days until the quota of the destination is full, as copies grow now',
      'destination',
    ),
    replicaLastSuccess: gauge(
      'replica_last_success_timestamp_seconds',
      'When a backup was last copied to the destination',
      'destination',
    ),

    leaseExpired: counter('lease_expired_total', 'Runs that were taken from a worker which gave no sign of life'),
    scheduleDrift: gauge(
      'schedule_drift_seconds',
      'How much after its time the newest scheduled backup was begun',
      'target',
    ),
    clockSkew: gauge('clock_skew_seconds', "The store's clock minus this process's"),
    keyMissing: gauge('key_missing', 'Keys that stored backups need and this process does not have'),
    queueFailures: counter('queue_failures_total', 'Calls to Redis that failed', 'reason'),
    queueJobs: gauge('queue_jobs', 'Jobs in the queue', 'queue', 'state'),
    notificationFailures: counter('notification_failures_total', 'Tries to deliver an alert that failed', 'channel'),
    httpDuration: histogram(
      'http_request_duration_seconds',
      'Duration of HTTP requests, by the pattern of their route',
      httpBuckets,
      'route',
      'method',
      'status',
    ),
  };
}
