import { collectDefaultMetrics, Registry, type Gauge } from 'prom-client';
import {
  copyStates,
  type BackupRecord,
  type RunResources,
  type TaskState,
  type Trigger,
  type VerificationLevel,
} from '#contracts';
import { boundedLabel, httpMethod } from './bounded-labels.js';
import { createInstruments, type Instruments } from './instruments.js';
import { LastRuns } from './last-runs.js';

export interface BackupEnd {
  readonly target: string;
  readonly trigger: Trigger;
  readonly result: 'completed' | 'failed' | 'cancelled';
  readonly at: Date;
  readonly durationSeconds: number;
  /** Stored bytes; null when nothing was stored. */
  readonly sizeBytes: number | null;
  readonly archiveBytes: number | null;
  readonly resources: RunResources | null;
}

export interface StoreFindings {
  readonly orphanUploads: number;
  readonly orphanObjects: number;
  readonly missingObjects: number;
}

export interface RetentionOutcome {
  readonly at: Date;
  /** Of all targets; null: it was a cleanup of one. `locked`: kept by a lock alone; `refused`: although no rule keeps them. */
  readonly kept: { readonly locked: number; readonly refused: number } | null;
}

/**
 * What a process tells Prometheus: own metrics begin with `hazina_`; those of the process and of Node keep the names that
 * everybody's dashboards know (`process_*`, `nodejs_*`, the lag of the event loop among them). Nothing here throws or waits.
 */
export interface Metrics {
  /** The `Content-Type` of `text()`. */
  readonly contentType: string;
  text(): Promise<string>;

  /** How the newest reload of the configuration ended. */
  configRead(isValid: boolean): void;
  /** A target and the longest time between two of its slots (null: no schedule): its counters begin at 0 and not at their first event. */
  targetKnown(target: string, expectedIntervalSeconds: number | null): void;
  /** These are configured, and no others are: of those that `targetKnown` told of before only the counters stay. */
  targetsConfigured(targets: readonly string[]): void;
  /** From the newest records of each target. */
  restoreLast(records: readonly BackupRecord[]): void;
  /** The newest completed backup of a target ended then, whoever made it. */
  lastSucceeded(target: string, at: Date): void;
  backupStarted(run: { readonly target: string; readonly at: Date; readonly slot: Date | null }): void;
  backupEnded(run: BackupEnd): void;
  verificationEnded(run: {
    readonly target: string;
    readonly level: VerificationLevel;
    readonly result: TaskState;
    readonly at: Date;
  }): void;
  /** A restore target: its counters begin at 0; `lastSuccess` from its newest record. */
  restoreTargetKnown(target: string, lastSuccess: Date | null): void;
  restoreEnded(run: {
    readonly target: string;
    readonly result: TaskState;
    readonly at: Date;
    readonly durationSeconds: number;
  }): void;
  /** `restoreMs`: how long the restore in it took; null when there was none. */
  drillEnded(run: {
    readonly target: string;
    readonly result: TaskState;
    readonly at: Date;
    readonly restoreMs: number | null;
  }): void;
  /** From the catalogue: a restart must not look like "never". Nulls: nobody knows. */
  recoveryKnown(
    target: string,
    known: {
      /** When the newest backup that can be restored was begun. */
      readonly point: Date | null;
      readonly lastDrill: { readonly at: Date; readonly restoreMs: number } | null;
    },
  ): void;
  /** A cleanup that was no dry run came to its end. */
  retentionRan(run: RetentionOutcome): void;
  /** Backups that it removed, whether the run came to its end or not. */
  retentionDeleted(backups: number): void;
  /** Null: no backup of the target can be restored. */
  recoveryWindow(target: string, oldest: Date | null): void;
  storeFindings(findings: Partial<StoreFindings>): void;
  /** Null: none, or nobody can tell. */
  quota(look: {
    readonly usedBytes: number;
    readonly quotaBytes: number | null;
    readonly daysUntilFull: number | null;
  }): void;
  /** A destination: whether it answers, and how many copies are in which state there (of every state). */
  replicaKnown(destination: string, up: boolean, states: Readonly<Record<string, number>>): void;
  replicaQuota(
    destination: string,
    look: {
      readonly usedBytes: number;
      readonly quotaBytes: number | null;
      readonly daysUntilFull: number | null;
    },
  ): void;
  /** Nobody copies there any more. */
  replicaForgotten(destination: string): void;
  replicaCopied(run: { readonly destination: string; readonly bytes: number; readonly at: Date }): void;
  replicaFailed(destination: string): void;
  leaseExpired(): void;
  clockSkew(seconds: number): void;
  keysMissing(count: number): void;
  /** `full`, `refused`, `late` or `unreachable`, as JobQueue's `onFailure` tells it. */
  queueFailed(reason: string): void;
  /** As JobQueue.counts() gives it. */
  queueJobs(counts: Readonly<Record<string, Readonly<Record<string, number>>>>): void;
  notificationFailed(channel: string): void;
  /** `route` is the pattern (`/api/admin/backups/:backupId`), never the path; undefined when none matched. */
  httpRequest(request: {
    readonly route: string | undefined;
    readonly method: string;
    readonly status: number;
    readonly seconds: number;
  }): void;
}

export interface MetricsOptions {
  readonly app: 'api' | 'worker';
  readonly version: string;
}

const maxRoutes = 200;

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const instruments = createInstruments(registry);
  const last = new LastRuns(instruments);
  /** All that were ever configured: what runs on may tell of one that is gone. */
  const known = new Set<string>();
  const route = boundedLabel(maxRoutes);
  instruments.buildInfo.set({ app: options.app, version: options.version, node_version: process.version }, 1);
  instruments.configInvalid.set(0);

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),

    configRead: (isValid) => instruments.configInvalid.set(isValid ? 0 : 1),
    targetKnown: (target, expectedIntervalSeconds) => {
      known.add(target);
      if (expectedIntervalSeconds === null) instruments.expectedInterval.remove({ target });
      else instruments.expectedInterval.set({ target }, expectedIntervalSeconds);
      for (const result of ['completed', 'failed']) {
        instruments.backups.inc({ target, trigger: 'schedule' satisfies Trigger, result }, 0);
      }
    },
    targetsConfigured: (targets) => {
      for (const target of known) {
        if (targets.includes(target)) continue;
        last.forget(target);
        for (const gauge of ofTargets(instruments)) gauge.remove({ target });
      }
    },
    restoreLast: (records) => last.restore(records),
    lastSucceeded: (target, at) => last.success(target, at, null),
    backupStarted: ({ target, at, slot }) => {
      last.attempt(target, at);
      if (slot !== null) instruments.scheduleDrift.set({ target }, (at.getTime() - slot.getTime()) / 1_000);
    },
    backupEnded: ({ target, trigger, result, at, durationSeconds, sizeBytes, archiveBytes, resources }) => {
      instruments.backups.inc({ target, trigger, result });
      if (archiveBytes !== null) instruments.backupBytes.inc({ target, stage: 'archive' }, archiveBytes);
      if (sizeBytes !== null) instruments.backupBytes.inc({ target, stage: 'stored' }, sizeBytes);
      if (resources !== null) {
        instruments.backupCpu.set({ target }, resources.cpuSeconds);
        instruments.backupPeakRss.set({ target }, resources.peakRssBytes);
      }
      if (result === 'failed') last.failure(target, at);
      if (result !== 'completed') return;
      last.success(target, at, sizeBytes);
      instruments.backupDuration.observe({ target, trigger }, durationSeconds);
    },
    verificationEnded: ({ target, level, result, at }) => {
      instruments.verifications.inc({ target, level, result });
      if (result === 'completed') last.verified(target, at);
    },
    restoreTargetKnown: (target, lastSuccess) => {
      for (const result of ['completed', 'failed'] satisfies TaskState[])
        instruments.restores.inc({ target, result }, 0);
      if (lastSuccess !== null) last.restored(target, lastSuccess);
    },
    restoreEnded: ({ target, result, at, durationSeconds }) => {
      instruments.restores.inc({ target, result });
      if (result !== 'completed' && result !== 'completed_with_differences') return;
      instruments.restoreDuration.observe({ target }, durationSeconds);
      last.restored(target, at);
    },
    drillEnded: ({ target, result, at, restoreMs }) => {
      instruments.drills.inc({ target, result });
      if (result !== 'completed') return;
      last.drilled(target, at);
      // Of one that found all equal, as the catalogue's look at the last one tells.
      if (restoreMs !== null) instruments.recoveryTime.set({ target }, restoreMs / 1_000);
    },
    recoveryKnown: (target, { point, lastDrill }) => {
      for (const result of ['completed', 'failed'] satisfies TaskState[]) instruments.drills.inc({ target, result }, 0);
      if (point === null) instruments.recoveryPoint.remove({ target });
      else instruments.recoveryPoint.set({ target }, point.getTime() / 1_000);
      if (lastDrill === null) return;
      last.drilled(target, lastDrill.at);
      instruments.recoveryTime.set({ target }, lastDrill.restoreMs / 1_000);
    },
    retentionRan: ({ at, kept }) => {
      instruments.retentionLastRun.set(at.getTime() / 1_000);
      if (kept === null) return;
      instruments.retentionLocked.set(kept.locked);
      instruments.retentionRefused.set(kept.refused);
    },
    retentionDeleted: (backups) => {
      instruments.retentionDeleted.inc(backups);
    },
    recoveryWindow: (target, oldest) => {
      if (oldest === null) instruments.recoveryWindowOldest.remove({ target });
      else instruments.recoveryWindowOldest.set({ target }, oldest.getTime() / 1_000);
    },
    storeFindings: ({ orphanUploads, orphanObjects, missingObjects }) => {
      if (orphanUploads !== undefined) instruments.orphanUploads.set(orphanUploads);
      if (orphanObjects !== undefined) instruments.orphanObjects.set(orphanObjects);
      if (missingObjects !== undefined) instruments.missingObjects.set(missingObjects);
    },
    quota: ({ usedBytes, quotaBytes, daysUntilFull }) => {
      instruments.storageUsed.set(usedBytes);
      setOrRemove(instruments.quota, quotaBytes);
      setOrRemove(instruments.quotaDaysLeft, daysUntilFull);
    },
    replicaKnown: (destination, up, states) => {
      instruments.replicaUp.set({ destination }, up ? 1 : 0);
      instruments.replicaFailures.inc({ destination }, 0);
      for (const [state, count] of Object.entries(states)) instruments.replicaCopies.set({ destination, state }, count);
    },
    replicaQuota: (destination, { usedBytes, quotaBytes, daysUntilFull }) => {
      instruments.replicaStored.set({ destination }, usedBytes);
      setOrRemove(instruments.replicaQuota, quotaBytes, { destination });
      setOrRemove(instruments.replicaQuotaDaysLeft, daysUntilFull, { destination });
    },
    replicaForgotten: (destination) => {
      instruments.replicaUp.remove({ destination });
      for (const state of copyStates) instruments.replicaCopies.remove({ destination, state });
      for (const gauge of [instruments.replicaStored, instruments.replicaQuota, instruments.replicaQuotaDaysLeft])
        gauge.remove({ destination });
    },
    replicaCopied: ({ destination, bytes, at }) => {
      instruments.replicaBytes.inc({ destination }, bytes);
      instruments.replicaLastSuccess.set({ destination }, at.getTime() / 1_000);
    },
    replicaFailed: (destination) => instruments.replicaFailures.inc({ destination }),
    leaseExpired: () => instruments.leaseExpired.inc(),
    clockSkew: (seconds) => instruments.clockSkew.set(seconds),
    keysMissing: (count) => instruments.keyMissing.set(count),
    queueFailed: (reason) => instruments.queueFailures.inc({ reason }),
    queueJobs: (counts) => {
      for (const [queue, states] of Object.entries(counts)) {
        for (const [state, jobs] of Object.entries(states)) instruments.queueJobs.set({ queue, state }, jobs);
      }
    },
    notificationFailed: (channel) => instruments.notificationFailures.inc({ channel }),
    httpRequest: (request) => {
      const labels = {
        route: request.route === undefined ? 'none' : route(request.route),
        method: httpMethod(request.method),
        status: request.status,
      };
      instruments.httpDuration.observe(labels, request.seconds);
    },
  };
}

/** The gauges that tell of targets, and of nothing else that bears a name. */
function ofTargets(instruments: Instruments): readonly Gauge<'target'>[] {
  return [
    ...[instruments.expectedInterval, instruments.scheduleDrift, instruments.backupCpu, instruments.backupPeakRss],
    ...[instruments.lastSuccess, instruments.lastAttempt, instruments.lastStatus, instruments.lastSize],
    ...[instruments.verifyLastSuccess, instruments.drillLastSuccess, instruments.recoveryTime],
    ...[instruments.recoveryPoint, instruments.recoveryWindowOldest],
  ];
}

function setOrRemove(gauge: Gauge, value: number | null, labels: Readonly<Record<string, string>> = {}): void {
  if (value === null) gauge.remove(labels);
  else gauge.set(labels, value);
}
